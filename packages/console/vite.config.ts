import { defineConfig } from "vite";

export default defineConfig({
  base: "/console/",
  publicDir: false,
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "../../dist/console",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    // Its polyfill would be a script inside the page, which the policy forbids.
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    manifest: "manifest.json",
  },
});
