/** In charge of JSON that a terminal does not obey: JSON has another way to write control characters, which readers read the same. */

/** Those before the blank JSON escapes by itself. */
export const harmlessJson = (json: string): string =>
  json.replace(
    /[\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
