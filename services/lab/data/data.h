/* `cerberus-lab data`: import, list, inspect and download history. */
#ifndef LAB_DATA_H
#define LAB_DATA_H

/** argv[0] is "data". Returns a lab_exit. */
int lab_data_main(int argc, char **argv);

#endif /* LAB_DATA_H */
