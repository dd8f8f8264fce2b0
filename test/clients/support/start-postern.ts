/** Runs once before the suite: one real Postern in a home and on ports of its own, gone at the end. */
import type { TestProject } from "vitest/node";
import ensureToolchain from "../../support/global-setup.ts";
import { createPosternHome } from "../../support/postern-home.ts";

declare module "vitest" {
  interface ProvidedContext {
    apiUrl: string;
    apiKey: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await ensureToolchain();
  const postern = await createPosternHome();
  try {
    await postern.start();
  } catch (error) {
    await postern.close();
    throw error;
  }
  project.provide("apiUrl", postern.apiUrl());
  project.provide("apiKey", postern.apiKey());
  return () => postern.close();
}
