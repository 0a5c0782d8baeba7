/** Seconds until a message whose command has failed is offered again, by how often it was offered. */
export function retryDelaySeconds(repeat: number): number {
  return Math.min(delaySecondsMax, delaySeconds * 2 ** Math.min(repeat - 1, 30));
}

const delaySeconds = 5;
const delaySecondsMax = 300;
