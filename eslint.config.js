// @ts-check
import { defineConfig, globalIgnores } from 'eslint/config';
import rxjs from 'eslint-plugin-rxjs-x';
import tseslint from 'typescript-eslint';

/** The parts of the core that belong to it alone. */
const PRIVATE = ['publish', 'dispatch', 'receive', 'replay', 'upstream'].map((folder) => `**/internal/${folder}/*`);

export default defineConfig(
  globalIgnores(['**/.angular/', '**/coverage/', '**/dist/', 'docs/api/', 'temp/', 'types/']),
  // All exceptions are in this file, with a reason. The code has none.
  { linterOptions: { noInlineConfig: true } },
  {
    files: ['**/*.{ts,cts,mts}'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked, rxjs.configs.strict],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: 'error',
      // Observable properties and variables end in `$`. A function that returns one is a verb, and an operator's argument is its source.
      'rxjs-x/finnish': ['error', { functions: false, methods: false, parameters: false, strict: true }],
      // Errors of handlers, predicates and callbacks are passed on unchanged. They may be of any type.
      'rxjs-x/throw-error': ['error', { allowThrowingAny: false, allowThrowingUnknown: true }],
      '@typescript-eslint/only-throw-error': ['error', { allowThrowingAny: false, allowThrowingUnknown: true }],
      // A number is always formatted in the same way, and messages contain many counts.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // This rule requires `!`, which no-non-null-assertion forbids.
      '@typescript-eslint/non-nullable-type-assertion-style': 'off',
      // An underscore marks a variable that needs a name and is not used.
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    },
  },
  {
    // The work that RxJS's Subject does for each value would be most of the cost of a delivery: see docs/decisions.md, D-015.
    files: ['lib/internal/publish/Publisher.ts'],
    rules: { 'rxjs-x/no-subclass': 'off' },
  },
  {
    // For the same reason. Also, only the `subscribe` of an Observable itself can detect the place of the subscription.
    files: ['lib/internal/receive/EventsObservable.ts', 'lib/internal/support/PerSubscription.ts'],
    rules: { 'rxjs-x/no-subclass': 'off' },
  },
  ...Object.entries({
    support: ['dispatch', 'publish', 'replay', 'receive', 'upstream'],
    dispatch: ['publish', 'replay', 'receive', 'upstream'],
    publish: ['receive', 'upstream'],
    replay: ['publish', 'receive', 'upstream'],
    receive: ['upstream'],
  }).map(([folder, users]) => ({
    // The layers of docs/architecture.md, "Who owns what".
    files: [`lib/internal/${folder}/**`],
    rules: { 'no-restricted-imports': ['error', { patterns: users.map((user) => `../${user}/*`) }] },
  })),
  {
    // A class has parts, and they return what happened: no subclass fills in a hook. A file can be read in one go.
    files: ['lib/**'],
    rules: {
      'max-lines': ['error', 400],
      'no-restricted-syntax': [
        'error',
        {
          selector: ':matches(MethodDefinition, PropertyDefinition)[accessibility="protected"]',
          message: 'A subclass needs no hook: give the class a part instead.',
        },
        {
          selector:
            ':matches(TSAbstractMethodDefinition, TSAbstractPropertyDefinition, ClassDeclaration[abstract=true])',
          message: 'A subclass needs no hook: give the class a part instead.',
        },
      ],
    },
  },
  {
    // These entries use only the public interface of the bus. So an application can write another entry of this kind.
    files: ['lib/{schema,sse,angular,nats,otel,sqlite,testing}/**'],
    rules: {
      'no-restricted-imports': ['error', { patterns: PRIVATE }],
    },
  },
  ...Object.entries({
    stream: ['reader', 'outbox', 'order'],
    reader: ['outbox', 'order'],
    outbox: ['order'],
  }).map(([folder, users]) => ({
    // The layers of docs/architecture.md, "Who owns what".
    files: [`lib/nats/${folder}/**`],
    rules: { 'no-restricted-imports': ['error', { patterns: [...PRIVATE, ...users.map((user) => `../${user}/*`)] }] },
  })),
  {
    // It merges with an interface of the platform and must repeat its type parameter, which is not used.
    files: ['lib/receiver.ts'],
    rules: { '@typescript-eslint/no-unused-vars': ['error', { varsIgnorePattern: '^R$' }] },
  },
  {
    // The helpers of a test are functions in properties, so that tests can destructure them, like those of RxJS.
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
      // RxJS throws an error that has no handler. A spec then fails, and a small program ends with the stack trace.
      'rxjs-x/no-ignored-error': 'off',
    },
  },
  {
    files: ['spec/**'],
    rules: {
      // Specs throw values that are not errors.
      '@typescript-eslint/only-throw-error': 'off',
      'rxjs-x/throw-error': 'off',
      // Objects in specs may have getters on purpose.
      '@typescript-eslint/class-literal-property-style': 'off',
      // A type spec is a call with a type argument and no value.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
    },
  },
  {
    files: ['examples/angular-console/e2e/**', 'scripts/web/**', 'spec/nats/server/**'],
    rules: {
      // The test runner waits for these promises.
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
      // CommonJS imports in this way.
      '@typescript-eslint/no-require-imports': 'off',
    },
  },
  { files: ['**/*.js'], extends: [tseslint.configs.strict] },
);
