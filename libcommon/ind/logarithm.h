/* The natural logarithm from IEEE 754 operations alone: libm's may differ in the last digit from
 * machine to machine, and statistics that decide trades may not. */
#ifndef CB_IND_LOGARITHM_H
#define CB_IND_LOGARITHM_H

/** ln(value), within two units in the last place; 0 for anything not above 0. */
double cb_ind_log(double value);
/** ln(value / before): 0 unless both are above 0. */
double cb_ind_log_return(double value, double before);

#endif /* CB_IND_LOGARITHM_H */
