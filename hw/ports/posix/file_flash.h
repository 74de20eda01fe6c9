/* Flash of the POSIX port: files in a folder, as callbacks of holdfast_fw.h. */
#ifndef FILE_FLASH_H
#define FILE_FLASH_H

#include "holdfast_fw.h"

/*
 * Files: `version` of the running firmware, `running` (its image), `image` (octets of the next one), `record` (CRC-32, size
 * and number of durable octets of `image`). Each step is durable in its order, so the power may fail at any time.
 */
typedef struct {
  int folder;
  char version[HF_FW_TEXT_BYTES_MAX + 1]; /* of the running firmware */
  uint32_t image, size, durable, written;
  long writes_left; /* the process ends instead of the next write, as if the power failed; below 0: never */
  bool is_installed; /* `install` was called: the caller restarts */
} file_flash;

/* Opens a folder. The version is "1.0" if the folder has none. @returns false if it cannot be opened */
bool file_flash_open(file_flash *flash, const char *folder);
/* Sets the callbacks and `user` of a configuration. */
void file_flash_use(file_flash *flash, hf_fw_config *config);

#endif
