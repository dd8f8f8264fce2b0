/** In charge of which hosts there are, and where. */
import { networkOf } from "../ha/network.js";

export const controls = ["c1", "c2"];
export const gateways = ["g1", "g2"];
/** Postgres: Postern's own tables, and the databases. */
export const server = "db";
/** Where applications are, with the balancer. */
export const clients = "app";
export const hosts = [server, ...controls, ...gateways, clients];

/** @type {Record<string, string>} */
const addresses = {
  c1: "10.78.0.1",
  c2: "10.78.0.2",
  g1: "10.78.0.3",
  g2: "10.78.0.4",
  db: "10.78.0.5",
  app: "10.78.0.10",
};
/** @param {string} host */
export const addressOf = (host) => addresses[host];
export const network = "10.78.0.0/24";

export const { makeNetwork, removeNetwork } = networkOf(hosts, addressOf);
