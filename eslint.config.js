import tseslint from 'typescript-eslint';
import house, { PLATFORM_ONLY } from './scripts/house-rules.js';

const message =
  'Clocks, timers and chance are for lib/platform only; take a Clock or a RandomSource instead.';

export default tseslint.config(
  { ignores: ['dist/', 'coverage/', 'test/consumers/nest-*/', '**/*.generated.ts'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      '@typescript-eslint/require-await': 'off', // a port's method is async for those who wait in it
    },
  },
  {
    files: ['lib/**/*.ts'],
    plugins: { house },
    rules: {
      'house/imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/prefer-promise-reject-errors': ['error', { allowThrowingUnknown: true }], // signal.reason
      'no-console': 'error',
    },
  },
  {
    files: ['lib/**/*.ts'],
    ignores: ['lib/platform/**'],
    rules: {
      'no-restricted-globals': [
        'error',
        { globals: PLATFORM_ONLY.globals.map(name => ({ name, message })), checkGlobalObject: true },
      ],
      'no-restricted-properties': [
        'error',
        ...PLATFORM_ONLY.properties.map(property => ({ ...property, message })),
      ],
    },
  },
  {
    // Tests poke at what users of the types cannot
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-explicit-any': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/prefer-promise-reject-errors': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
);
