/** In charge of the two messages that the gate knows of Postgres's protocol. */

const cancelCode = 80877102;

export const isCancelRequest = (message: Buffer): boolean =>
  message.length === 16 && message.readInt32BE(0) === 16 && message.readInt32BE(4) === cancelCode;

/** What Postgres itself says while it cannot take connections: clients and poolers know it and try again. */
export function startFailure(message: string): Buffer {
  const fields = Buffer.from(
    ["SFATAL", "VFATAL", "C57P03", `Mthe database could not be woken: ${message}`, "", ""].join("\0"),
  );
  const frame = Buffer.alloc(5);
  frame.write("E");
  frame.writeInt32BE(4 + fields.length, 1);
  return Buffer.concat([frame, fields]);
}
