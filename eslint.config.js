import js from "@eslint/js";
import { defineConfig, globalIgnores } from "eslint/config";
import tseslint from "typescript-eslint";

const readonly = (...names) => Object.fromEntries(names.map((name) => [name, "readonly"]));

export default defineConfig(
  globalIgnores([
    "**/dist/",
    "**/temp/",
    "**/coverage/",
    "**/.turbo/",
    "**/fixtures/",
    "**/template/",
    "docs/api/",
    // Declarations of what others define; there is nothing to lint in them.
    "**/*.d.ts",
    "**/*.d.mts",
  ]),
  js.configs.recommended,
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // Indexing a typed array inside its bounds is the daily bread here.
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true },
      ],
      // `it("…", () => heap.dispose())` reads well.
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      // State lives in closures here: what a factory returns may be taken apart.
      "@typescript-eslint/unbound-method": "off",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
    },
  },
  {
    files: ["packages/*/src/**/*.ts"],
    rules: {
      "no-restricted-syntax": [
        "error",
        { selector: "ExportDefaultDeclaration", message: "Named exports only." },
        { selector: "TSEnumDeclaration", message: "Use an `as const` object or a union of strings." },
        { selector: "TSModuleDeclaration[kind='namespace']", message: "Use a module." },
      ],
      "no-console": ["error", { allow: ["warn"] }],
    },
  },
  {
    files: ["**/test/**/*.ts", "**/bench/**/*.ts"],
    rules: {
      // Doing nothing, or the wrong thing, is often the point of a test double.
      "@typescript-eslint/no-empty-function": "off",
    },
  },
  {
    files: ["**/*.mjs", "**/*.js"],
    languageOptions: {
      globals: readonly(
        "process",
        "console",
        "performance",
        "Buffer",
        "URL",
        "TextEncoder",
        "TextDecoder",
        "AbortController",
        "WebAssembly",
        "setTimeout",
        "clearTimeout",
        "fetch",
      ),
    },
  },
);
