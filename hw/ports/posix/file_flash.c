/* Files in a folder as flash. Source: open(2), fsync(2), rename(2). */
#define _POSIX_C_SOURCE 200809L
#include "file_flash.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PAGE_BYTES = 4096, IMAGE_BYTES_MAX = 16 * 1024 * 1024, POWER_FAILURE = 75 };

/* Replaces a small file, durably: the old or the new content, never a part. */
static bool replace(int folder, const char *name, const void *content, size_t n) {
  const int fd = openat(folder, "new", O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (fd < 0) return false;
  const bool is_written = write(fd, content, n) == (ssize_t)n && fsync(fd) == 0;
  return close(fd) == 0 && is_written && renameat(folder, "new", folder, name) == 0 && fsync(folder) == 0;
}

/* @returns number of octets read, at most n */
static size_t read_small(int folder, const char *name, void *content, size_t n) {
  const int fd = openat(folder, name, O_RDONLY);
  const ssize_t got = fd < 0 ? 0 : read(fd, content, n);
  if (fd >= 0) close(fd);
  return got < 0 ? 0 : (size_t)got;
}

static bool keep_record(file_flash *flash) {
  const uint32_t record[3] = {flash->image, flash->size, flash->durable};
  return replace(flash->folder, "record", record, sizeof record);
}

static bool accept_image(void *user, const hf_fw_offer *offer, const char **reason) {
  (void)user;
  if (offer->size <= IMAGE_BYTES_MAX) return true;
  *reason = "the image is too large";
  return false;
}

static uint32_t resume(void *user, const hf_fw_offer *offer) {
  file_flash *flash = user;
  if (flash->image != offer->image || flash->size != offer->size) {
    flash->image = offer->image;
    flash->size = offer->size;
    flash->durable = 0;
  }
  flash->written = flash->durable;
  return flash->durable;
}

/* Records the octets at the end of each page: before the record, the octets are durable. */
static bool write_image(void *user, uint32_t offset, const uint8_t *octets, uint16_t n) {
  file_flash *flash = user;
  if (flash->writes_left == 0) _exit(POWER_FAILURE);
  if (flash->writes_left > 0) flash->writes_left--;
  const int fd = openat(flash->folder, "image", O_WRONLY | O_CREAT, 0644);
  if (fd < 0) return false;
  bool is_written = pwrite(fd, octets, n, (off_t)offset) == n;
  flash->written = offset + n;
  const bool is_due = flash->written == flash->size || flash->written - flash->durable >= PAGE_BYTES;
  if (is_written && is_due) is_written = fsync(fd) == 0;
  close(fd);
  if (!is_written || !is_due) return is_written;
  flash->durable = flash->written;
  return keep_record(flash);
}

static bool read_image(void *user, uint32_t offset, uint8_t *octets, uint16_t n) {
  const file_flash *flash = user;
  const int fd = openat(flash->folder, "image", O_RDONLY);
  const bool is_read = fd >= 0 && pread(fd, octets, n, (off_t)offset) == n;
  if (fd >= 0) close(fd);
  return is_read;
}

static void discard(void *user) {
  file_flash *flash = user;
  flash->image = flash->size = flash->durable = 0;
  keep_record(flash);
}

static bool install(void *user, const hf_fw_offer *offer) {
  file_flash *flash = user;
  discard(flash); /* before the rename, so that no record names an image that is gone */
  if (renameat(flash->folder, "image", flash->folder, "running") != 0) return false;
  if (!replace(flash->folder, "version", offer->version, strlen(offer->version))) return false;
  printf("installed %s\n", offer->version);
  flash->is_installed = true;
  return true;
}

bool file_flash_open(file_flash *flash, const char *folder) {
  uint32_t record[3] = {0, 0, 0};
  memset(flash, 0, sizeof *flash);
  flash->writes_left = -1;
  flash->folder = open(folder, O_RDONLY | O_DIRECTORY);
  if (flash->folder < 0) return false;
  if (read_small(flash->folder, "version", flash->version, HF_FW_TEXT_BYTES_MAX) == 0) strcpy(flash->version, "1.0");
  if (read_small(flash->folder, "record", record, sizeof record) == sizeof record) {
    flash->image = record[0];
    flash->size = record[1];
    flash->durable = record[2];
  }
  return true;
}

void file_flash_use(file_flash *flash, hf_fw_config *config) {
  config->user = flash;
  config->version = flash->version;
  config->accept = accept_image;
  config->resume = resume;
  config->write = write_image;
  config->read = read_image;
  config->discard = discard;
  config->install = install;
}
