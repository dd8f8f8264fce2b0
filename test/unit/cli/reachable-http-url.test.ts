import { expect, it } from "vitest";
import { reachableHttpUrl } from "../../../src/cli/reachable-http-url.ts";

const url = "http://db-1.localhost:5480";
const knows = () => Promise.resolve({ address: "127.0.0.1" });
const knowsNot = () => Promise.reject(new Error("ENOTFOUND"));

it("an address stays where its name is known", async () => {
  expect(await reachableHttpUrl(url, "db-1", knows)).toBe(url);
});

it("an address below localhost that is not known becomes the API's", async () => {
  expect(await reachableHttpUrl(url, "db-1", knowsNot)).toBe("http://localhost:5480/v1/db/db-1");
  expect(await reachableHttpUrl("http://db-1.localhost", "db-1", knowsNot)).toBe(
    "http://localhost/v1/db/db-1",
  );
});

it("a resolver that never answers is not waited for", async () => {
  expect(await reachableHttpUrl(url, "db-1", () => new Promise(() => {}))).toContain("/v1/db/db-1");
});

it("a domain of one's own is never replaced, nor looked up", async () => {
  const own = "https://db-1.db.example.com";
  expect(await reachableHttpUrl(own, "db-1", () => Promise.reject(new Error("looked up")))).toBe(own);
});
