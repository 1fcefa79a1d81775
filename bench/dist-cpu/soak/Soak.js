import { SharingBus } from '../library.js';
import { heapAfterCollection } from '../load/heap.js';
import { randomIntegers } from '../load/random.js';
import { yieldOnce } from '../load/yieldOnce.js';
import { Account } from './Account.js';
import { BEHAVIOURS } from './behaviours.js';
import { Totals } from './Totals.js';
import { Traffic } from './traffic.js';
/** Participants of each behaviour at any time. */
const PRESENT = 3;
const MAX_BURST = 256;
const HEAP_POINTS = 12;
/** Events between two replacements of a participant, on average. */
const REPLACE_EVERY = 400;
/** One bus with participants that join, behave and leave. The account of each is checked when it has ended. */
export class Soak {
    #below;
    #bus = new SharingBus({ bindingOf: (payload) => Traffic.bindingOf(payload) });
    #traffic;
    /** The members that have not ended, by name. */
    #members = new Map();
    #totals = new Totals();
    #problems = [];
    #published = 0;
    #names = 0;
    constructor(seed) {
        const next = randomIntegers(seed);
        this.#below = (limit) => next() % limit;
        this.#traffic = new Traffic(this.#below);
    }
    async run({ events, seconds }) {
        const until = Date.now() + seconds * 1000;
        const heap = [];
        const measureEvery = Math.ceil(events / HEAP_POINTS);
        while (this.#published < events && Date.now() < until) {
            this.#checkPresence();
            this.#fillUp();
            this.#burst(Math.min(1 + this.#below(MAX_BURST), events - this.#published));
            await yieldOnce();
            if (this.#published >= measureEvery * (heap.length + 1)) {
                heap.push(await heapAfterCollection());
            }
        }
        await this.#end();
        return { published: this.#published, totals: this.#totals.all, problems: this.#problems, heap };
    }
    /** Adds participants until each behaviour has enough. */
    #fillUp() {
        for (const [behaviour, join] of Object.entries(BEHAVIOURS)) {
            const members = this.#present().filter(({ account }) => account.behaviour === behaviour);
            for (let count = members.length; count < PRESENT; count += 1) {
                this.#join(behaviour, join);
            }
        }
    }
    #present() {
        return [...this.#members.values()].filter(({ account }) => account.isIn);
    }
    #join(behaviour, join) {
        this.#names += 1;
        const account = new Account(behaviour, `${behaviour} #${this.#names}`);
        const beforeLeaving = () => {
            this.#recordStats(account);
            account.isIn = false;
            account.readsAllGaps = false;
        };
        const member = { account, participant: join({ bus: this.#bus, account, below: this.#below, beforeLeaving }) };
        this.#members.set(account.name, member);
        member.participant.consumed?.then(() => {
            this.#settle(member);
        }, (error) => {
            this.#problems.push(`${account.name}: ${String(error)}`);
            this.#settle(member);
        });
    }
    /** Publishes `count` events at once. Meanwhile, some participants leave and others join. */
    #burst(count) {
        for (let index = 0; index < count; index += 1) {
            if (this.#below(REPLACE_EVERY) === 0) {
                this.#replaceOne();
            }
            this.#publish();
        }
        for (const { account, participant } of this.#present()) {
            if (participant.consumed === undefined) {
                // After it has been freed, the bus knows no counts of it.
                this.#recordStats(account);
            }
        }
    }
    #publish() {
        const busEvent = this.#traffic.next();
        for (const { account, participant } of this.#members.values()) {
            if (account.isIn && participant.wants(busEvent.event)) {
                account.wanted += 1;
            }
        }
        this.#bus.publish(busEvent);
        this.#published += 1;
    }
    #replaceOne() {
        const leavers = this.#present().filter(({ participant }) => participant.consumed !== undefined);
        const member = leavers[this.#below(leavers.length)];
        if (member !== undefined) {
            this.#leave(member);
            const { behaviour } = member.account;
            this.#join(behaviour, BEHAVIOURS[behaviour]);
        }
    }
    #leave({ account, participant }) {
        participant.leave();
        account.isIn = false;
    }
    #recordStats(account) {
        const stats = this.#bus.stats().receivers.find(({ name }) => name === account.name);
        if (stats === undefined) {
            this.#problems.push(`${account.name} has left the bus unexpectedly`);
        }
        else {
            account.discarded = stats.waiting;
            account.lagged = stats.lagged;
        }
    }
    /** Compares the members with the receivers of the bus. */
    #checkPresence() {
        const names = new Set(this.#bus.stats().receivers.map(({ name }) => name));
        for (const member of this.#members.values()) {
            const { account, participant } = member;
            if (!account.isIn && names.has(account.name)) {
                this.#problems.push(`${account.name} should have left the bus`);
            }
            else if (account.isIn && !names.has(account.name)) {
                account.isIn = false;
                if (participant.ended !== undefined) {
                    participant.ended();
                }
                else if (participant.consumed === undefined) {
                    this.#settle(member);
                }
                else {
                    this.#problems.push(`${account.name} has left the bus unexpectedly`);
                }
            }
        }
    }
    /** For a member that has ended: checks its account, and adds it to the totals. */
    #settle({ account, participant }) {
        account.lagged = participant.lagged?.() ?? account.lagged;
        const { name, problem } = account;
        if (problem !== undefined) {
            this.#problems.push(problem);
        }
        this.#totals.add(account);
        this.#members.delete(name);
    }
    /** Lets all members leave, and compares the totals with the counts of the bus. */
    async #end() {
        const isAbandoned = ({ participant }) => participant.consumed === undefined;
        for (let round = 0; round < 20 && this.#present().some(isAbandoned); round += 1) {
            await heapAfterCollection();
            this.#checkPresence();
        }
        for (const member of this.#present()) {
            if (isAbandoned(member)) {
                this.#problems.push(`${member.account.name} was not freed`);
            }
            else if (member.participant.neverEnds === true) {
                this.#leave(member);
            }
            else if (member.participant.lagged === undefined) {
                this.#recordStats(member.account);
                // It will take the events that wait.
                member.account.discarded = 0;
            }
        }
        this.#bus.close();
        const members = [...this.#members.values()];
        members.forEach(({ account }) => {
            account.isIn = false;
        });
        await Promise.allSettled(members.flatMap(({ participant }) => participant.consumed ?? []));
        const stats = this.#bus.stats();
        this.#compare('published', stats.published, this.#published);
        this.#compare('bound and unbound', stats.bound + stats.unbound, this.#published);
        this.#compare('delivered', stats.delivered, this.#totals.sum('taken'));
        this.#compare('dropped', stats.dropped, this.#totals.sum('lagged'));
        this.#compare('receivers', this.#bus.subscriberCount, 0);
        this.#compare('open accounts', this.#members.size, 0);
    }
    #compare(what, actual, expected) {
        if (actual !== expected) {
            this.#problems.push(`${what} of the bus: expected ${expected}, got ${actual}`);
        }
    }
}
