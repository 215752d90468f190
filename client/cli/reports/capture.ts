/** How a pipeline captures, in a few words. */
import type { KeysetCapture } from '../../../engine/model';

/** A text is taken as it is. */
export function captureText(capture: string | KeysetCapture): string {
  return typeof capture === 'string' ? capture : `${capture.by} ${capture.column}`;
}
