#ifndef STUB_HARDWARE_IRQ_H
#define STUB_HARDWARE_IRQ_H
#include "pico/stdlib.h"
enum { UART0_IRQ = 20 };
void irq_set_exclusive_handler(uint irq, void (*handler)(void));
void irq_set_enabled(uint irq, bool enabled);
#endif
