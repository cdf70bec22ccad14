/* Texts of rules that a job's signals run. */
#ifndef LAB_RULES_H
#define LAB_RULES_H

#include "services/lab/job/plan.h"

/**
 * Reads and checks the files that the configured rules.files names.
 *
 * @return CB_OK; CB_E_IO; CB_E_SYNTAX with line, column and a hint; CB_E_FULL.
 */
CB_MUST_USE cb_status lab_rules_read(lab_plan *plan, cb_err *err);

#endif /* LAB_RULES_H */
