// What Kysely wants to know of the tables, from what `postern db types` writes of them.
import type { ColumnType } from "kysely";
import type { Database } from "./database.ts";

type Tables = Database["public"]["Tables"];

interface Shape {
  Row: object;
  Insert: object;
  Update: object;
}

type Field<Fields, Name> = Name extends keyof Fields ? Fields[Name] : never;

type Table<Of extends Shape> = {
  [Name in keyof Of["Row"]]: ColumnType<
    Of["Row"][Name],
    Field<Of["Insert"], Name>,
    Field<Of["Update"], Name>
  >;
};

export type Schema = { [Name in keyof Tables]: Table<Tables[Name]> };
