/** Share in [0,1]; nothing of nothing is 0. */
export const fraction = (part: number, whole: number): number => (whole > 0 ? Math.min(1, Math.max(0, part / whole)) : 0);
