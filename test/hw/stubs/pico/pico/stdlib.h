/* Declarations of the Pico SDK that the example uses, to compile it without the SDK. */
#ifndef STUB_PICO_STDLIB_H
#define STUB_PICO_STDLIB_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
typedef unsigned int uint;
typedef uint64_t absolute_time_t;
enum { PICO_DEFAULT_LED_PIN = 25, GPIO_FUNC_UART = 2 };
absolute_time_t get_absolute_time(void);
uint32_t to_ms_since_boot(absolute_time_t at);
void gpio_init(uint pin);
void gpio_set_dir(uint pin, bool out);
void gpio_put(uint pin, bool level);
void gpio_set_function(uint pin, int function);
void panic(const char *why, ...);
#endif
