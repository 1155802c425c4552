/** The longest text of one message, in UTF-16 units, after its entities are read. */
export const TEXT_LENGTH = 4096;
