# Compiler and linker flags for all hand-written C. Generated code is exempt (see rules.mk).
# docs/STYLE.md section 18 explains the choice. BUILD=debug|release, CC=gcc|clang, SAN=address|thread.
BUILD ?= release
CC := $(if $(filter default undefined,$(origin CC)),gcc,$(CC))
IS_CLANG := $(findstring clang,$(notdir $(CC)))

CSTD := -std=c17 -D_GNU_SOURCE
WARN := -Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion -Wsign-conversion -Wcast-qual \
        -Wcast-align -Wpointer-arith -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes \
        -Wold-style-definition -Wvla -Wundef -Wwrite-strings -Wswitch-enum -Wimplicit-fallthrough \
        -Wnull-dereference -Wdouble-promotion -Wfloat-equal -Wfloat-conversion
ifneq ($(IS_CLANG),)
WARN += -Wmissing-variable-declarations
endif
CODEGEN := -fno-common -ffp-contract=off -fno-strict-overflow -fno-delete-null-pointer-checks

ifeq ($(BUILD),debug)
OPT := -O1 -g3 -fno-omit-frame-pointer
else
OPT := -O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong
endif
LINK := -pie -Wl,--as-needed -Wl,-z,relro,-z,now,-z,noexecstack

SAN ?=
ifeq ($(SAN),address)
OPT := -O1 -g3 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
LINK += -fsanitize=address,undefined
endif
ifeq ($(SAN),thread)
OPT := -O1 -g3 -fno-omit-frame-pointer -fsanitize=thread -fno-sanitize-recover=all
LINK += -fsanitize=thread
endif

INCLUDES := -I. -Ilibcommon
BANNED := -include libcommon/build/banned.h
CFLAGS_ALL = $(CSTD) $(WARN) $(CODEGEN) $(OPT) -fPIE $(INCLUDES) $(BANNED) -MMD -MP
CFLAGS_GENERATED = $(CSTD) $(CODEGEN) $(OPT) -fPIE $(INCLUDES) -I$(OUT)/gen -w -MMD -MP

PKGS := libnats libwebsockets libcurl libpq libprotobuf-c jansson libsodium libcrypto libzstd zlib yaml-0.1
LIBS_RT := -lnats -lwebsockets -lcurl -lpq -lprotobuf-c -ljansson -lsodium -lssl -lcrypto -lzstd -lz -lyaml -lm -lpthread
INC_RT := -I/usr/include/postgresql
