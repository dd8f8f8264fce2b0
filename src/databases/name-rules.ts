/** In charge of which names and passwords databases and their owners can have. */
import { randomInt } from "node:crypto";
import { posternError } from "../base/error.ts";

const namePattern = /^[a-z0-9][a-z0-9_-]{0,62}$/;
const userPattern = /^[a-z0-9_]{3,16}$/;
/** Names that Postgres, or Postern inside Postgres, keeps for itself. */
const reservedUser =
  /^(pg_.*|postern.*|postgres|public|anon|authenticated|none|current_user|current_role|session_user|user|all|replication|samerole|sameuser|db_.*|pgbouncer)$/;
const idLike = /^(db|bkp|op|ins)-[0-9a-f]+$/;

/** @throws Y3003 */
export function checkDatabaseName(name: string): string {
  if (namePattern.test(name) && !idLike.test(name)) return name;
  throw posternError("Y3003", `"${name}" cannot be the name of a database.`, {
    detail: idLike.test(name)
      ? "It looks like one of Postern's ids."
      : "A name has 1 to 63 characters: a-z, 0-9, _ and -, and begins with a letter or digit.",
    hint: `For example: ${suggestName(name)}`,
  });
}

/** Owner's name of the user's own choice. @throws Y3006 */
export function checkUserName(user: string): string {
  if (!userPattern.test(user)) {
    throw posternError("Y3006", `"${user}" cannot be the name of a database user.`, {
      detail: "A user name has 3 to 16 characters: a-z, 0-9 and _.",
    });
  }
  if (reservedUser.test(user))
    throw posternError("Y3006", `The name "${user}" is reserved.`, { hint: "Choose another user name." });
  return user;
}

/** @throws Y2006 */
export function checkPassword(password: string): string {
  if (password.length < 8)
    throw posternError("Y2006", "The password is too short.", { hint: "It must have 8 or more characters." });
  if (password.length > 200 || /[\x00-\x1f\x7f]/.test(password)) {
    throw posternError("Y2006", "The password cannot be used.", {
      detail: "It has more than 200 characters, or control characters.",
    });
  }
  return password;
}

function suggestName(name: string): string {
  const cleaned = name
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, "-")
    .replace(/^[-_]+|-+$/g, "")
    .slice(0, 63);
  return cleaned === "" || idLike.test(cleaned) ? "my-app-db" : cleaned;
}

const colours = [
  "amber",
  "azure",
  "coral",
  "crimson",
  "indigo",
  "ivory",
  "jade",
  "olive",
  "plum",
  "rose",
  "silver",
  "teal",
];
const things = [
  "harbor",
  "meadow",
  "river",
  "summit",
  "lantern",
  "orchard",
  "prairie",
  "canyon",
  "island",
  "garden",
  "bridge",
  "forest",
];

/** A name for a database whose user gave none. */
export const inventName = (): string =>
  `${colours[randomInt(colours.length)]}-${things[randomInt(things.length)]}-${randomInt(100, 1000)}`;
