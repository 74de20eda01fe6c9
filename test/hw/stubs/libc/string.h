/* Header for a cross compiler without a libc (Debian's gcc-arm-none-eabi without newlib); a real one goes first. */
#ifndef STUB_STRING_H
#define STUB_STRING_H
#include <stddef.h>
void *memcpy(void *to, const void *from, size_t n);
void *memset(void *to, int octet, size_t n);
void *memchr(const void *in, int octet, size_t n);
int memcmp(const void *left, const void *right, size_t n);
size_t strlen(const char *text);
#endif
