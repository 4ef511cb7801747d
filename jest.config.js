/** Tests are ES modules like the code: swc only strips types, nothing is rewritten to CommonJS. */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript' },
          target: 'es2023',
          experimental: { keepImportAttributes: true },
        },
        module: { type: 'es6' },
      },
    ],
  },
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  setupFiles: ['<rootDir>/test/support/trust.ts'],
  // Far more than any test takes: where the machine is busy, this only tells an end from none.
  testTimeout: 120_000,
  // What test files leave behind in memory keeps the collector busy, in the end for seconds: workers are made anew.
  workerIdleMemoryLimit: '1GB',
};
