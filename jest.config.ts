/** @jest-config-loader esbuild-register */
import type { Config } from 'jest';

const config: Config = {
  testEnvironment: 'node',
  roots: ['<rootDir>/spec'],
  testMatch: ['**/*-spec.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    '^sharing-bus$': '<rootDir>/lib/index.ts',
    '^sharing-bus/schema$': '<rootDir>/lib/schema/index.ts',
    '^sharing-bus/angular$': '<rootDir>/lib/angular/index.ts',
    '^sharing-bus/nats$': '<rootDir>/lib/nats/index.ts',
    '^sharing-bus/otel$': '<rootDir>/lib/otel/index.ts',
    '^sharing-bus/sqlite$': '<rootDir>/lib/sqlite/index.ts',
    '^sharing-bus/testing$': '<rootDir>/lib/testing/index.ts',
    '^sharing-bus/sse$': '<rootDir>/lib/sse/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  // Processor cores are what the specs wait for. A worker that has become large is replaced: collecting its garbage takes most of the time then.
  maxWorkers: '100%',
  workerIdleMemoryLimit: '256MB',
  // It transpiles, since tsconfig.json has isolatedModules. `npm run typecheck` checks the types, for all files at once.
  transform: { '^.+\\.ts$': ['ts-jest', { useESM: true }] },
  coverageProvider: 'v8',
  collectCoverageFrom: [
    'lib/**/*.ts',
    // What speaks with a server is tested with a real one: `npm run nats:test`.
    '!lib/nats/**/{ConnectionWatch,Continuity,Decoder,JetStreamUpstream,Link,Losses,Pull,Reader,bindings,lineage,outcome,pages,streamConfig,unseen}.ts',
  ],
  coverageThreshold: { global: { lines: 97, branches: 95 } },
};

export default config;
