import { readFileSync, writeFileSync } from 'node:fs';
import { rounded } from './figures.js';
import { formatted } from './formatted.js';
import { DOCS } from './paths.js';
import { PEERS } from './peers/index.js';
import { ROWS } from './rows.js';
import { pointsOf, SWEEPS } from './sweep.js';
import { linesOf } from './table.js';
import { verdictsOf } from './verdicts.js';
/** Writes the tables of `results` between the markers of docs/performance.md. The text around the markers stays. */
export async function writeDocs(results, file) {
    const sections = {
        machine: machineText(results, file),
        targets: targetsTable(results),
        ...Object.fromEntries(SWEEPS.map((sweep) => [sweep.id, sweepTable(sweep, results)])),
    };
    const text = Object.entries(sections).reduce(withSection, readFileSync(DOCS, 'utf8'));
    writeFileSync(DOCS, await formatted(text, 'markdown'));
}
function withSection(text, [name, section]) {
    const [start, end] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`];
    const [from, to] = [text.indexOf(start), text.indexOf(end)];
    if (from < 0 || to < from) {
        throw new Error(`${DOCS} lacks the markers ${start} and ${end}`);
    }
    return `${text.slice(0, from + start.length)}\n\n${section}\n\n${text.slice(to)}`;
}
function machineText({ machine, command, rounds }, file) {
    const packages = Object.entries(machine.packages).map(([name, version]) => `${name} ${version}`);
    return [
        `Measured on ${machine.date} by \`${command}\`, ${rounds === 1 ? '1 round' : `${rounds} rounds`}. Kept in [${file}](../${file}).`,
        `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.platform}; Node ${machine.node}`,
        `(V8 ${machine.v8}); ${packages.join(', ')}.`,
    ].join('\n');
}
function targetsTable({ cells }) {
    const head = ['workload', 'compared with', 'target', 'measured', 'target met', 'cost', 'cost of the other'];
    const lines = linesOf(verdictsOf(ROWS, cells)).map(([_, ...line]) => line);
    return markdownTable(head, lines, 2);
}
function sweepTable(sweep, { cells }) {
    const points = pointsOf(sweep, cells);
    const head = ['', ...sweep.sizes.map((size) => size.toLocaleString('en'))];
    const lines = sweep.peers.map((peer) => [
        PEERS[peer].title,
        ...sweep.sizes.map((size) => {
            const point = points.find((one) => one.peer === peer && one.size === size);
            return point === undefined ? '-' : rounded(point.value);
        }),
    ]);
    return markdownTable(head, lines, 1);
}
/** The first `texts` columns are texts, the others are figures. */
function markdownTable(head, lines, texts) {
    const rule = head.map((_, index) => (index < texts ? '---' : '--:'));
    return [head, rule, ...lines].map((line) => `| ${line.join(' | ')} |`).join('\n');
}
