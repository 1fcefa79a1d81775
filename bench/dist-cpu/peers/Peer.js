/** The most events that may wait for one member, in every peer with a bound. */
export const CAPACITY = 256;
/** The error for a feature that a peer does not have. */
export function unable(peer, what) {
    return new Error(`${peer} has no ${what}`);
}
