#!/usr/bin/env bash
# jest 30.5.2 with ts-jest 29.4.15. A dependency that consists of ES modules only is transformed to CommonJS, by `transformIgnorePatterns`
# and the preset `ts-jest/presets/js-with-ts`. The tests are CommonJS and run with --experimental-vm-modules.
#
# Expected: the same result on every version of Node. The dependency was transformed to CommonJS, so the test passes, as without the flag.
# Observed: the test passes on Node 22.23.3. On Node 24.21.0, it fails with "ReferenceError: exports is not defined". From Node 24.9 on,
# jest-runtime has a require() for ES modules. It is used if the package has "type": "module", and it runs the transformed text, which is
# CommonJS, as an ES module. babel-jest is not affected: it is told that ES modules are supported, and does not transform them.
#
# Needs bash and Node with npm. Exits with 0 if the behaviour is as described, and with 1 if it has changed.
set -euo pipefail
unset NODE_OPTIONS

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"

echo '{ "private": true }' >package.json
npm install --silent --no-audit --no-fund jest@30.5.2 ts-jest@29.4.15 typescript@5.9.3 uuid@14.0.3
for version in 22.23.3 24.21.0; do
  mkdir -p "node-$version"
  echo '{ "private": true }' >"node-$version/package.json"
  npm install --silent --no-audit --no-fund --prefix "node-$version" "node@$version"
done

cat >tsconfig.json <<'EOF'
{ "compilerOptions": { "module": "CommonJS", "target": "ES2022", "allowJs": true, "esModuleInterop": true, "skipLibCheck": true } }
EOF
cat >jest.config.js <<'EOF'
module.exports = { preset: 'ts-jest/presets/js-with-ts', transformIgnorePatterns: ['/node_modules/(?!uuid/)'] };
EOF
cat >uuid.test.js <<'EOF'
const { validate } = require('uuid');
test('a package of ES modules is loaded', () => {
  expect(validate('no UUID')).toBe(false);
});
EOF

changed=0
# check EXPECTED VERSION [FLAG]: runs the test and compares the result with EXPECTED.
check() {
  local expected=$1 node="node-$2/node_modules/node/bin/node" output seen
  output=$("$node" ${3-} node_modules/jest/bin/jest.js --no-cache 2>&1) && seen=passes || seen=fails
  if [[ $seen == fails ]]; then
    seen+=": $(grep -m 1 -o 'ReferenceError: .*' <<<"$output" || tail -n 1 <<<"$output")"
  fi
  printf 'jest 30.5.2, Node %s, %-25s %s\n' "$("$node" --version)" "${3-without the flag}" "$seen"
  if [[ $seen != "$expected" ]]; then
    printf '  expected here: %s\n' "$expected"
    changed=1
  fi
}

check 'passes' 22.23.3
check 'passes' 22.23.3 --experimental-vm-modules
check 'passes' 24.21.0
check 'fails: ReferenceError: exports is not defined' 24.21.0 --experimental-vm-modules
exit "$changed"
