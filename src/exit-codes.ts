/** sysexits.h: EX_CONFIG, so that supervisors can tell what an operator has to mend from a crash. */
export const configExit = 78
