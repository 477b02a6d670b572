#ifndef CNETLINK_SHIM_H
#define CNETLINK_SHIM_H

#include <netlink/netlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <netlink/socket.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/neighbour.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

/* Named here by their numbers: headers older than the kernel that runs lack some of them. */
enum {
    CNETLINK_IFA_PROTO = 11,        /* IFA_PROTO, Linux 5.18 */
    CNETLINK_SKIP_STATISTICS = 8,   /* RTEXT_FILTER_SKIP_STATS, Linux 4.4 */
    CNETLINK_FLAG_CAPPED = 0x100,   /* NLM_F_CAPPED, Linux 4.12 */
    CNETLINK_FLAG_ACK_TLVS = 0x200, /* NLM_F_ACK_TLVS, Linux 4.12 */
    CNETLINK_CAP_ACK = 10,          /* NETLINK_CAP_ACK, Linux 4.2 */
    CNETLINK_EXT_ACK = 11,          /* NETLINK_EXT_ACK, Linux 4.12 */
    CNETLINK_STRICT_CHECK = 12,     /* NETLINK_GET_STRICT_CHK, Linux 4.20 */
};

/* NLMSG_ALIGN(3) is a macro with arithmetic, which Swift does not see. */
static inline uint32_t cnetlink_align(uint32_t length) { return NLMSG_ALIGN(length); }

#endif
