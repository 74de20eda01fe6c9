/* Declarations of the Arduino core that the example uses, to compile it without the core. */
#ifndef STUB_ARDUINO_H
#define STUB_ARDUINO_H
#include <stddef.h>
#include <stdint.h>
enum { LOW, HIGH, OUTPUT, LED_BUILTIN = 13, A0 = 14, A1, A2 };
struct HardwareSerial {
  void begin(unsigned long baud);
  int available();
  int read();
  size_t write(const uint8_t *bytes, size_t n);
};
extern HardwareSerial Serial1;
int analogRead(uint8_t pin);
void digitalWrite(uint8_t pin, uint8_t level);
void pinMode(uint8_t pin, uint8_t mode);
unsigned long millis();
void setup();
void loop();
#endif
