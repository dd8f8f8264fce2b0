/** In charge of naming what takes a streamed answer, piece by piece, at its own pace. */
export interface AnswerSink {
  /** False: it has enough for now, and says when it can take more. */
  write(bytes: Uint8Array): boolean;
  /** Called each time that it can take more. */
  onDrain: (() => void) | undefined;
}
