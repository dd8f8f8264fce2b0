/** In charge of statements whose connection may end before they do: pg would never answer them. */
import type pg from "pg";

export interface Settle<T> {
  done(value: T): void;
  failed(error: unknown): void;
}

/** @throws what `begin` fails with, or that the connection was closed. */
export function whileConnected<T>(client: pg.Client, begin: (settle: Settle<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const lost = () => reject(new Error("The connection was closed."));
    client.once("end", lost);
    begin({
      done: (value) => {
        client.off("end", lost);
        resolve(value);
      },
      failed: (error) => {
        client.off("end", lost);
        reject(error);
      },
    });
  });
}
