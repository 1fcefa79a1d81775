#!/usr/bin/env bash
# rxjs 7.8.2. A test in `TestScheduler.run` schedules something on `asapScheduler` and then throws, as a test that fails does.
#
# Expected: what the test has scheduled is gone, or runs. Later code that uses `asapScheduler` is not affected: virtual time ends with `run`.
# Observed: `asapScheduler` believes from then on that a flush is pending, which was scheduled in virtual time and never comes. Nothing that
# is scheduled on it runs any more, in the whole process and for as long as it lives, and nothing says so. `observeOn(asapScheduler)` emits
# nothing. After `asapScheduler.flush()`, by hand, it works again.
#
# Needs bash and Node with npm. Exits with 0 if the behaviour is as described, and with 1 if it has changed.
set -euo pipefail
unset NODE_OPTIONS

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"

echo '{ "private": true, "type": "module" }' >package.json
npm install --silent --no-audit --no-fund rxjs@7.8.2

cat >try.js <<'PROGRAM'
import { asapScheduler, observeOn, of } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';

const second = () => new Promise((resolve) => setTimeout(resolve, 1000));
const seen = [];
const emit = (value) => of(value).pipe(observeOn(asapScheduler)).subscribe((one) => seen.push(one));

emit('before');
await second();
try {
  new TestScheduler(() => {}).run(() => {
    asapScheduler.schedule(() => {});
    throw new Error('the test failed');
  });
} catch {}
emit('after');
await second();
console.log('a second later:', seen.join(' '));
asapScheduler.flush();
emit('after a flush by hand');
await second();
console.log('and then:', seen.join(', '));
PROGRAM
output=$(node try.js)
printf 'rxjs 7.8.2\n%s\n' "$output"
[[ $output == $'a second later: before\nand then: before, after, after a flush by hand' ]]
