#!/bin/sh
# Writes a C file with the given migrations as strings: NAME_migrations[] and NAME_migrations_count.
set -eu
name=$1; shift
twice=$(for file in "$@"; do basename "$file" | cut -c1-4; done | sort | uniq -d)
[ -z "$twice" ] || { echo "embed_sql: $name has two migrations with the number $twice" >&2; exit 1; }
printf '#include "rt/service.h"\n\nconst cb_migration %s_migrations[] = {\n' "$name"
for file in "$@"; do
    base=$(basename "$file" .sql)
    printf '    {"%s",\n' "$base"
    sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/        "/' -e 's/$/\\n"/' "$file"
    printf '    },\n'
done
printf '};\nconst size_t %s_migrations_count = sizeof(%s_migrations) / sizeof(%s_migrations[0]);\n' "$name" "$name" "$name"
