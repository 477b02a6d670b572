#ifndef CLINUX_H
#define CLINUX_H

/* What Glibc hides from Swift, and the calls of the hot path. One system call per function, entered
 * directly: the result is the kernel's own, a negative errno on failure, with no errno variable and
 * no indirect jump between. Nothing here decides, loops or allocates. */

#include <asm/unistd.h>
#include <stdint.h>
#include <stddef.h>

#if defined(__x86_64__)
static inline long clinux_call(long n, long a, long b, long c, long d, long e, long f) {
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}
#elif defined(__aarch64__)
static inline long clinux_call(long n, long a, long b, long c, long d, long e, long f) {
    register long x8 __asm__("x8") = n;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc 0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory");
    return x0;
}
#else
#error "lbctl runs on x86_64 and aarch64"
#endif

#define CLINUX_P(p) ((long)(intptr_t)(p))

/* struct epoll_event of epoll_ctl(2): packed on x86_64 alone. */
#if defined(__x86_64__)
#define CLINUX_EPOLL_EVENT_BYTES 12
#define CLINUX_EPOLL_DATA_OFFSET 4
#else
#define CLINUX_EPOLL_EVENT_BYTES 16
#define CLINUX_EPOLL_DATA_OFFSET 8
#endif

/* struct __kernel_timespec */
struct clinux_timespec { int64_t seconds; int64_t nanoseconds; };

/* struct sockaddr_ll of packet(7): 20 bytes. */
struct clinux_link_address {
    uint16_t family;
    uint16_t protocol;
    int32_t interface_index;
    uint16_t hardware_type;
    uint8_t packet_type;
    uint8_t address_length;
    uint8_t address[8];
};

static inline long clinux_epoll_create(int flags) {
    return clinux_call(__NR_epoll_create1, flags, 0, 0, 0, 0, 0);
}
static inline long clinux_epoll_ctl(int epoll, int operation, int fd, uint32_t events, uint64_t token) {
    unsigned char event[CLINUX_EPOLL_EVENT_BYTES] = {0};
    __builtin_memcpy(event, &events, sizeof events);
    __builtin_memcpy(event + CLINUX_EPOLL_DATA_OFFSET, &token, sizeof token);
    return clinux_call(__NR_epoll_ctl, epoll, operation, fd, CLINUX_P(event), 0, 0);
}
/* epoll_pwait2(2), Linux 5.11: a negative timeout waits for ever. */
static inline long clinux_epoll_wait(int epoll, void *events, int count, int64_t nanoseconds) {
    struct clinux_timespec timeout = {nanoseconds / 1000000000, nanoseconds % 1000000000};
    return clinux_call(__NR_epoll_pwait2, epoll, CLINUX_P(events), count,
                       nanoseconds < 0 ? 0 : CLINUX_P(&timeout), 0, 0);
}
static inline uint32_t clinux_epoll_events(const void *events, int index) {
    uint32_t value;
    __builtin_memcpy(&value, (const char *)events + index * CLINUX_EPOLL_EVENT_BYTES, sizeof value);
    return value;
}
static inline uint64_t clinux_epoll_token(const void *events, int index) {
    uint64_t value;
    __builtin_memcpy(&value,
                     (const char *)events + index * CLINUX_EPOLL_EVENT_BYTES
                         + CLINUX_EPOLL_DATA_OFFSET,
                     sizeof value);
    return value;
}

static inline long clinux_socket(int domain, int type, int protocol) {
    return clinux_call(__NR_socket, domain, type, protocol, 0, 0, 0);
}
static inline long clinux_socketpair(int domain, int type, int protocol, int *pair) {
    return clinux_call(__NR_socketpair, domain, type, protocol, CLINUX_P(pair), 0, 0);
}
static inline long clinux_bind(int fd, const void *address, unsigned length) {
    return clinux_call(__NR_bind, fd, CLINUX_P(address), length, 0, 0, 0);
}
static inline long clinux_listen(int fd, int backlog) {
    return clinux_call(__NR_listen, fd, backlog, 0, 0, 0, 0);
}
static inline long clinux_accept(int fd, void *address, unsigned *length, int flags) {
    return clinux_call(__NR_accept4, fd, CLINUX_P(address), CLINUX_P(length), flags, 0, 0);
}
static inline long clinux_connect(int fd, const void *address, unsigned length) {
    return clinux_call(__NR_connect, fd, CLINUX_P(address), length, 0, 0, 0);
}
static inline long clinux_shutdown(int fd, int how) {
    return clinux_call(__NR_shutdown, fd, how, 0, 0, 0, 0);
}
static inline long clinux_close(int fd) {
    return clinux_call(__NR_close, fd, 0, 0, 0, 0, 0);
}
static inline long clinux_setsockopt(int fd, int level, int name, const void *value, unsigned length) {
    return clinux_call(__NR_setsockopt, fd, level, name, CLINUX_P(value), length, 0);
}
/* SO_ATTACH_FILTER of socket(7): instructions of 8 bytes each, struct sock_filter. */
static inline long clinux_attach_filter(int fd, const void *instructions, uint16_t count) {
    struct { uint16_t count; const void *instructions; } program = {count, instructions};
    return clinux_call(__NR_setsockopt, fd, 1, 26, CLINUX_P(&program), sizeof program, 0);
}
static inline long clinux_getsockopt(int fd, int level, int name, void *value, unsigned *length) {
    return clinux_call(__NR_getsockopt, fd, level, name, CLINUX_P(value), CLINUX_P(length), 0);
}
static inline long clinux_getsockname(int fd, void *address, unsigned *length) {
    return clinux_call(__NR_getsockname, fd, CLINUX_P(address), CLINUX_P(length), 0, 0, 0);
}
static inline long clinux_getpeername(int fd, void *address, unsigned *length) {
    return clinux_call(__NR_getpeername, fd, CLINUX_P(address), CLINUX_P(length), 0, 0, 0);
}
static inline long clinux_recv(int fd, void *buffer, size_t count, int flags) {
    return clinux_call(__NR_recvfrom, fd, CLINUX_P(buffer), (long)count, flags, 0, 0);
}
static inline long clinux_send(int fd, const void *buffer, size_t count, int flags) {
    return clinux_call(__NR_sendto, fd, CLINUX_P(buffer), (long)count, flags, 0, 0);
}
static inline long clinux_recvfrom(int fd, void *buffer, size_t count, int flags, void *address,
                                   unsigned *length) {
    return clinux_call(__NR_recvfrom, fd, CLINUX_P(buffer), (long)count, flags, CLINUX_P(address),
                       CLINUX_P(length));
}
static inline long clinux_sendto(int fd, const void *buffer, size_t count, int flags,
                                 const void *address, unsigned length) {
    return clinux_call(__NR_sendto, fd, CLINUX_P(buffer), (long)count, flags, CLINUX_P(address), length);
}
static inline long clinux_sendmsg(int fd, const void *message, int flags) {
    return clinux_call(__NR_sendmsg, fd, CLINUX_P(message), flags, 0, 0, 0);
}
static inline long clinux_recvmsg(int fd, void *message, int flags) {
    return clinux_call(__NR_recvmsg, fd, CLINUX_P(message), flags, 0, 0, 0);
}
static inline long clinux_read(int fd, void *buffer, size_t count) {
    return clinux_call(__NR_read, fd, CLINUX_P(buffer), (long)count, 0, 0, 0);
}
static inline long clinux_write(int fd, const void *buffer, size_t count) {
    return clinux_call(__NR_write, fd, CLINUX_P(buffer), (long)count, 0, 0, 0);
}
static inline long clinux_splice(int source, int sink, size_t count, unsigned flags) {
    return clinux_call(__NR_splice, source, 0, sink, 0, (long)count, flags);
}
static inline long clinux_pipe(int *pair, int flags) {
    return clinux_call(__NR_pipe2, CLINUX_P(pair), flags, 0, 0, 0, 0);
}
static inline long clinux_fcntl(int fd, int command, long argument) {
    return clinux_call(__NR_fcntl, fd, command, argument, 0, 0, 0);
}
static inline long clinux_eventfd(unsigned value, int flags) {
    return clinux_call(__NR_eventfd2, value, flags, 0, 0, 0, 0);
}
static inline long clinux_signalfd(const void *mask, size_t mask_bytes, int flags) {
    return clinux_call(__NR_signalfd4, -1, CLINUX_P(mask), (long)mask_bytes, flags, 0, 0);
}
static inline long clinux_pidfd_open(int pid) {
    return clinux_call(__NR_pidfd_open, pid, 0, 0, 0, 0, 0);
}
static inline long clinux_inotify_init(int flags) {
    return clinux_call(__NR_inotify_init1, flags, 0, 0, 0, 0, 0);
}
static inline long clinux_inotify_add_watch(int fd, const char *path, uint32_t events) {
    return clinux_call(__NR_inotify_add_watch, fd, CLINUX_P(path), events, 0, 0, 0);
}
static inline long clinux_memfd_create(const char *name, unsigned flags) {
    return clinux_call(__NR_memfd_create, CLINUX_P(name), flags, 0, 0, 0, 0);
}
static inline long clinux_prctl(int option, unsigned long argument) {
    return clinux_call(__NR_prctl, option, (long)argument, 0, 0, 0, 0);
}
/* The number of bytes that the kernel wrote, or a negative errno. */
static inline long clinux_sched_getaffinity(int pid, size_t mask_bytes, void *mask) {
    return clinux_call(__NR_sched_getaffinity, pid, (long)mask_bytes, CLINUX_P(mask), 0, 0, 0);
}
static inline long clinux_sched_setaffinity(int pid, size_t mask_bytes, const void *mask) {
    return clinux_call(__NR_sched_setaffinity, pid, (long)mask_bytes, CLINUX_P(mask), 0, 0, 0);
}
/* The calling thread's policy; `parameters` is struct sched_param, one int: the priority. */
static inline long clinux_sched_setscheduler(int pid, int policy, const void *parameters) {
    return clinux_call(__NR_sched_setscheduler, pid, policy, CLINUX_P(parameters), 0, 0, 0);
}
static inline long clinux_mlockall(int flags) {
    return clinux_call(__NR_mlockall, flags, 0, 0, 0, 0, 0);
}
static inline long clinux_setns(int fd, int type) {
    return clinux_call(__NR_setns, fd, type, 0, 0, 0, 0);
}
static inline long clinux_unshare(int flags) {
    return clinux_call(__NR_unshare, flags, 0, 0, 0, 0, 0);
}

#undef CLINUX_P

/* posix_spawn_file_actions_addclosefrom_np(3), Glibc 2.34: hidden without _GNU_SOURCE. */
int clinux_spawn_close_from(void *actions, int first);
#endif
