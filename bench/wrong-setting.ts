/** Something of a benchmark's settings or surroundings that its user can mend; the message says what. */
export class WrongSetting extends Error {}
