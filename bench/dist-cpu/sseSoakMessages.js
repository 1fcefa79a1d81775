/** The number of kinds. Event n has the kind n modulo this. */
export const KINDS = 8;
