import { describe, expect, it } from "vitest";
import { findUnrunnable, inOrder, planPipeline } from "../../../src/manifest/plan-pipeline.ts";
import { readManifest } from "../../../src/manifest/read-manifest.ts";

const manifestOf = (text: string) => {
  const reading = readManifest(text);
  expect(reading.issues).toEqual([]);
  return reading.forEnvironment("staging");
};
const names = (text: string) => planPipeline(manifestOf(text), "staging").map(({ name }) => name);

const services = `
services:
  web: { command: node web.js, depends_on: [api] }
  api: { command: node api.js, depends_on: { seed: { condition: service_completed_successfully } } }
  seed: { command: node seed.js, depends_on: [db], x-postern: { role: job } }
  db: { x-postern: { role: managed_db, managed: { class: db.p1, engine: postgres } } }
`;

describe("the plan of a deploy", () => {
  it("without a pipeline is build, release, migrate, each job, deploy", () => {
    expect(names(services)).toEqual(["build", "release", "migrate", "seed", "deploy"]);
  });

  it("with one is its steps, each behind what it waits for", () => {
    const pipeline = `
pipelines:
  deploy:
    steps:
      - { name: go, depends_on: [fill], action: { type: deploy } }
      - { name: fill, depends_on: [make], action: { type: job, service: seed } }
      - { name: make, action: { type: build } }
`;
    expect(names(services + pipeline)).toEqual(["make", "fill", "go"]);
  });

  it("gets what no release can do without where a pipeline leaves it out", () => {
    const pipeline = "\npipelines: { deploy: { steps: [{ name: freeze, action: { type: release } }] } }\n";
    expect(names(services + pipeline)).toEqual(["build", "freeze", "migrate", "deploy"]);
  });

  it("starts services behind those that they depend on", () => {
    expect(inOrder(manifestOf(services), "service").map(({ name }) => name)).toEqual(["api", "web"]);
  });

  it("knows what cannot be run here, and that an image called migrate can", () => {
    const images = `
services:
  cache: { image: "redis:7" }
  migrate: { image: "public.ecr.aws/w7c4v0w3/eve-horizon/migrate:latest", x-eve: { role: job } }
  seed: { x-postern: { role: job } }
  api: {}
`;
    expect(findUnrunnable(manifestOf(images))).toEqual([
      "Service cache names the image redis:7, and no command.",
      "Job seed has no command.",
    ]);
  });

  it("names what is outside of the folder that is sent", () => {
    const text = `
services:
  api: { build: ../api, command: node api.js }
  web: { build: ./../project/web, command: node web.js }
  in: { build: apps/../in, command: node in.js }
  seed: { command: seed, x-postern: { role: job, files: [{ source: /etc/hosts, target: /hosts }] } }
`;
    expect(findUnrunnable(manifestOf(text))).toEqual([
      "Service api needs ../api, which is outside of the project's folder.",
      "Service web needs ./../project/web, which is outside of the project's folder.",
      "Service seed needs /etc/hosts, which is outside of the project's folder.",
    ]);
  });
});
