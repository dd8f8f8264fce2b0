/** In charge of the servers written for the comparison: a naive one, and one that a careful team would write. */
import { httpSubject, plainRequests, startServer } from "./http-subject.ts";
import type { OpenSubject } from "./subject.ts";

export const openNaive: OpenSubject = async (ground) =>
  httpSubject("naive", { ...(await startServer("naive-server", ground)), requestsOf: plainRequests });

export const openFastify: OpenSubject = async (ground) =>
  httpSubject("fastify", { ...(await startServer("fastify-server", ground)), requestsOf: plainRequests });
