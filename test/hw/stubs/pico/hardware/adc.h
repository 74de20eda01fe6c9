#ifndef STUB_HARDWARE_ADC_H
#define STUB_HARDWARE_ADC_H
#include "pico/stdlib.h"
void adc_init(void);
void adc_select_input(uint input);
void adc_set_temp_sensor_enabled(bool enabled);
uint16_t adc_read(void);
#endif
