// @ts-check
import { defineConfig, globalIgnores } from 'eslint/config';
import rxjs from 'eslint-plugin-rxjs-x';
import tseslint from 'typescript-eslint';

export default defineConfig(
  globalIgnores(['**/.angular/', '**/coverage/', '**/dist/', 'docs/api/', 'temp/', 'types/']),
  // Rules are settled here, with a reason, and never in the code.
  { linterOptions: { noInlineConfig: true } },
  {
    files: ['**/*.{ts,cts,mts}'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked, rxjs.configs.strict],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: 'error',
      // `$` ends an observable property or variable. What makes one is a verb, and an operator's argument is its source.
      'rxjs-x/finnish': ['error', { functions: false, methods: false, parameters: false, strict: true }],
      // What a handler, a predicate or a callback threw is passed on as it is, whatever it is.
      'rxjs-x/throw-error': ['error', { allowThrowingAny: false, allowThrowingUnknown: true }],
      '@typescript-eslint/only-throw-error': ['error', { allowThrowingAny: false, allowThrowingUnknown: true }],
      // A number has one text, and messages are full of counts.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // It asks for `!`, which no-non-null-assertion forbids.
      '@typescript-eslint/non-nullable-type-assertion-style': 'off',
      // An underscore marks what has to be named, and is not used.
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    },
  },
  {
    // What RxJS does at each value for any observer of any Subject is most of what a delivery costs here; docs/decisions.md, D-015.
    files: ['lib/internal/publish/Publisher.ts'],
    rules: { 'rxjs-x/no-subclass': 'off' },
  },
  {
    // The same, and: where an Observable is subscribed to can only be seen by its own `subscribe`.
    files: ['lib/internal/receive/EventsObservable.ts'],
    rules: { 'rxjs-x/no-subclass': 'off' },
  },
  ...Object.entries({
    support: ['dispatch', 'publish', 'replay', 'receive'],
    dispatch: ['publish', 'replay', 'receive'],
    publish: ['receive'],
    replay: ['publish', 'receive'],
  }).map(([folder, users]) => ({
    // docs/architecture.md, "Who owns what".
    files: [`lib/internal/${folder}/**`],
    rules: { 'no-restricted-imports': ['error', { patterns: users.map((user) => `../${user}/*`) }] },
  })),
  {
    // Whatever an entry beside the main one needs of the bus is public, so that an application can write another such entry.
    files: ['lib/{schema,sse,otel,testing}/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: ['publish', 'dispatch', 'receive', 'replay'].map((folder) => `**/internal/${folder}/*`) },
      ],
    },
  },
  {
    // It adds to an interface of the platform, whose type parameter it has to name.
    files: ['lib/receiver.ts'],
    rules: { '@typescript-eslint/no-unused-vars': ['error', { varsIgnorePattern: '^R$' }] },
  },
  {
    // The helpers of a test are functions in properties, so that they can be taken apart, as those of RxJS.
    files: ['lib/testing/**'],
    rules: {
      'rxjs-x/finnish': [
        'error',
        { functions: false, methods: false, objects: false, parameters: false, properties: false, strict: true },
      ],
    },
  },
  {
    files: ['bench/**', 'spec/**', 'examples/**', 'scripts/**'],
    rules: {
      // RxJS throws an error that has no handler: a spec fails by it, and a small program ends with its stack.
      'rxjs-x/no-ignored-error': 'off',
    },
  },
  {
    files: ['spec/**'],
    rules: {
      // Specs try what happens when something is thrown that is no Error.
      '@typescript-eslint/only-throw-error': 'off',
      'rxjs-x/throw-error': 'off',
      // An object that is tried may have getters on purpose.
      '@typescript-eslint/class-literal-property-style': 'off',
      // A type spec is a call that is given a type and no value.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
    },
  },
  {
    files: ['examples/angular-console/e2e/**', 'scripts/web/**'],
    rules: {
      // The runner itself waits for these.
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            { from: 'package', package: 'node:test', name: ['describe', 'it', 'test', 'suite'] },
          ],
        },
      ],
    },
  },
  {
    files: ['**/*.cts'],
    rules: {
      // It is how CommonJS imports.
      '@typescript-eslint/no-require-imports': 'off',
    },
  },
  { files: ['**/*.js'], extends: [tseslint.configs.strict] },
);
