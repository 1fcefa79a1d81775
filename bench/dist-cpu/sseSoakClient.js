import { fromEventStream } from '../../dist/sse/index.js';
import { EventFilter } from './library.js';
import { KINDS } from './sseSoakMessages.js';
/** A client. It checks that each matching event comes once, in order, or is missing at the place of a gap. */
export class Client {
    habit;
    kind;
    events = 0;
    missed = 0;
    gaps = 0;
    cuts = 0;
    problem;
    done;
    completed;
    /** The number of the last event. */
    #last = 0;
    /** Missing events since then, by the gaps. */
    #reported = 0;
    #isVague = false;
    #onPosition = () => undefined;
    constructor(url, habit, 
    /** The kind of events that it wants; `undefined`: all. */
    kind, total, fetchBody) {
        this.habit = habit;
        this.kind = kind;
        this.done = new Promise((resolve) => {
            this.#onPosition = (seq) => {
                if (this.#countBetween(seq, total + 1) === 0) {
                    resolve();
                }
            };
        });
        this.completed = new Promise((resolve) => {
            fromEventStream(url, {
                filter: kind === undefined ? EventFilter.all : EventFilter.kind(`kind-${kind}`),
                from: 'start',
                fetch: (address, request) => fetchBody(address, request, this),
                parse: (value) => value,
                retry: { initialMs: 10, maxMs: 100 },
                onPosition: ({ seq }) => {
                    this.#onPosition(seq);
                },
            }).subscribe({
                next: (delivery) => {
                    this.#take(delivery);
                },
                error: (error) => {
                    this.problem ??= String(error);
                    resolve();
                },
                complete: () => {
                    this.#settle(total + 1);
                    resolve();
                },
            });
        });
    }
    #take(delivery) {
        if (delivery.type === 'gap') {
            this.gaps += 1;
            this.missed += delivery.missed;
            this.#reported += delivery.missed;
            this.#isVague ||= delivery.atMost === true;
            return;
        }
        const { seq = 0 } = delivery.event;
        this.events += 1;
        if (seq <= this.#last || (this.kind !== undefined && seq % KINDS !== this.kind)) {
            this.problem ??= `event ${seq} came after ${this.#last}`;
        }
        this.#settle(seq);
    }
    /** Compares the number of events that are missing before `seq` with the gaps. */
    #settle(seq) {
        const missing = this.#countBetween(this.#last, seq);
        if (this.#isVague ? this.#reported < missing : this.#reported !== missing) {
            this.problem ??= `between ${this.#last} and ${seq}, ${missing} events are missing, and the gaps say ${this.#reported}`;
        }
        this.#last = seq;
        this.#reported = 0;
        this.#isVague = false;
    }
    /** How many events that it wants have a number between the two. */
    #countBetween(after, before) {
        const { kind } = this;
        const upTo = (n) => kind === undefined ? n : Math.floor((n + KINDS - kind) / KINDS) - (kind === 0 ? 1 : 0);
        return upTo(before - 1) - upTo(after);
    }
}
