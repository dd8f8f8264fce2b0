/** In charge of putting addresses together. */
export const joinUrl = (url: string, path: string): string => `${url.replace(/\/+$/, "")}${path}`;
