#ifndef COPENSSL_SHIM_H
#define COPENSSL_SHIM_H

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

/* What OpenSSL has as macros, which Swift does not see. */

static inline void copenssl_set_mode(SSL_CTX *context, long mode) {
    SSL_CTX_set_mode(context, mode);
}

static inline void copenssl_set_read_ahead(SSL_CTX *context) {
    SSL_CTX_set_read_ahead(context, 1);
}

static inline void copenssl_refuse_renegotiation(SSL_CTX *context) {
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
}

static inline void copenssl_ignore_unexpected_eof(SSL_CTX *context) {
    SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
}

static inline int copenssl_set_versions(SSL_CTX *context, int minimum, int maximum) {
    return SSL_CTX_set_min_proto_version(context, minimum) &&
           SSL_CTX_set_max_proto_version(context, maximum);
}

/* What a server does: its own order of ciphers unless told otherwise, parameters that fit its key, no
   chain but the one that it is given, and sessions kept by clients alone. */
static inline void copenssl_configure_server(SSL_CTX *context, int prefers_client_ciphers, int issues_tickets) {
    if (!prefers_client_ciphers) SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
    if (!issues_tickets) {
        SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
        SSL_CTX_set_num_tickets(context, 0);
    }
    SSL_CTX_set_dh_auto(context, 1);
    SSL_CTX_set_mode(context, SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}

static inline int copenssl_set_groups(SSL_CTX *context, const char *groups) {
    return (int)SSL_CTX_set1_groups_list(context, groups);
}

static inline int copenssl_set_sigalgs(SSL_CTX *context, const char *sigalgs) {
    return (int)SSL_CTX_set1_sigalgs_list(context, sigalgs);
}

static inline int copenssl_set_client_sigalgs(SSL_CTX *context, const char *sigalgs) {
    return (int)SSL_CTX_set1_client_sigalgs_list(context, sigalgs);
}

/* The same of one connection. */
static inline int copenssl_set_connection_versions(SSL *ssl, int minimum, int maximum) {
    return SSL_set_min_proto_version(ssl, minimum) && SSL_set_max_proto_version(ssl, maximum);
}

static inline int copenssl_set_connection_groups(SSL *ssl, const char *groups) {
    return (int)SSL_set1_groups_list(ssl, groups);
}

static inline void copenssl_set_servername_callback(
    SSL_CTX *context, int (*callback)(SSL *, int *, void *), void *argument) {
    SSL_CTX_set_tlsext_servername_callback(context, callback);
    SSL_CTX_set_tlsext_servername_arg(context, argument);
}

static inline const char *copenssl_cipher_name(const SSL *ssl) {
    return SSL_CIPHER_get_name(SSL_get_current_cipher(ssl));
}

static inline void copenssl_set_ticket_key_callback(
    SSL_CTX *context,
    int (*callback)(SSL *, unsigned char *, unsigned char *, EVP_CIPHER_CTX *, EVP_MAC_CTX *, int)) {
    SSL_CTX_set_tlsext_ticket_key_evp_cb(context, callback);
}

/* Has a ticket authenticated by HMAC with SHA-256. */
static inline int copenssl_set_ticket_mac(EVP_MAC_CTX *mac, void *key, int count) {
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key, (size_t)count),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, "SHA256", 0),
        OSSL_PARAM_construct_end(),
    };
    return EVP_MAC_CTX_set_params(mac, parameters);
}

/* What was kept with the context of a connection. */
static inline void *copenssl_context_data(SSL *ssl) {
    return SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), 0);
}

/* Whether a session's client had a certificate whose time is over. */
static inline int copenssl_is_peer_expired(SSL_SESSION *session) {
    const X509 *peer = session ? SSL_SESSION_get0_peer(session) : NULL;
    return peer != NULL && X509_cmp_current_time(X509_get0_notAfter(peer)) < 0;
}

/* The alternative names of a certificate, to be freed; NULL: it has none. */
static inline GENERAL_NAMES *copenssl_alternative_names(const X509 *certificate) {
    return X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
}

static inline int copenssl_count_names(const GENERAL_NAMES *names) {
    return sk_GENERAL_NAME_num(names);
}

/* The bytes of one that is a host's; NULL: it is none. */
static inline const unsigned char *copenssl_host_name(
    const GENERAL_NAMES *names, int index, int *count) {
    const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, index);
    if (name->type != GEN_DNS) return NULL;
    *count = ASN1_STRING_length(name->d.dNSName);
    return ASN1_STRING_get0_data(name->d.dNSName);
}

/* The next common name of a certificate's subject, or issuer, behind a place, -1 before the first; its
   bytes, as they stand there; NULL: no further one. */
static inline const unsigned char *copenssl_common_name(
    const X509 *certificate, int of_issuer, int *place, int *count) {
    X509_NAME *name =
        of_issuer ? X509_get_issuer_name(certificate) : X509_get_subject_name(certificate);
    *place = X509_NAME_get_index_by_NID(name, NID_commonName, *place);
    if (*place < 0) return NULL;
    const ASN1_STRING *text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, *place));
    *count = ASN1_STRING_length(text);
    return ASN1_STRING_get0_data(text);
}

/* The text of a part of a name, as it stands there. */
static inline const unsigned char *copenssl_name_text(const X509_NAME_ENTRY *part, int *count) {
    const ASN1_STRING *text = X509_NAME_ENTRY_get_data(part);
    *count = ASN1_STRING_length(text);
    return ASN1_STRING_get0_data(text);
}

/* Its kind: OpenSSL's short name, or numbers where it has none; how long that is. */
static inline int copenssl_name_kind(const X509_NAME_ENTRY *part, char *kind, int size) {
    const ASN1_OBJECT *object = X509_NAME_ENTRY_get_object(part);
    const int number = OBJ_obj2nid(object);
    const char *name = number == NID_undef ? NULL : OBJ_nid2sn(number);
    if (name != NULL) return (int)OPENSSL_strlcpy(kind, name, (size_t)size);
    return OBJ_obj2txt(kind, size, object, 1);
}

/* The end of a certificate's time in seconds since 1970; 0: none can be told. */
static inline long copenssl_not_after(const X509 *certificate) {
    int days = 0, seconds = 0;
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    const int is_told =
        epoch && ASN1_TIME_diff(&days, &seconds, epoch, X509_get0_notAfter(certificate));
    ASN1_TIME_free(epoch);
    return is_told ? 86400L * days + seconds : 0;
}

static inline X509_CRL *copenssl_read_crl(BIO *bytes) {
    return PEM_read_bio_X509_CRL(bytes, NULL, NULL, NULL);
}

static inline void copenssl_set_new_session_callback(
    SSL_CTX *context, int (*callback)(SSL *, SSL_SESSION *)) {
    SSL_CTX_set_session_cache_mode(
        context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, callback);
}

static inline int copenssl_add_chain_certificate(SSL_CTX *context, X509 *certificate) {
    return (int)SSL_CTX_add0_chain_cert(context, certificate);
}

static inline int copenssl_set_server_name(SSL *ssl, const char *name) {
    return (int)SSL_set_tlsext_host_name(ssl, name);
}

static inline BIO *copenssl_memory_bio(const void *bytes, int count) {
    return BIO_new_mem_buf(bytes, count);
}

/* A key that is locked is an error, not a question at the terminal. */
static int copenssl_no_password(char *buffer, int size, int writes, void *context) {
    (void)buffer, (void)size, (void)writes, (void)context;
    return -1;
}

static inline EVP_PKEY *copenssl_read_key(BIO *bytes) {
    return PEM_read_bio_PrivateKey(bytes, NULL, copenssl_no_password, NULL);
}

static inline X509 *copenssl_read_certificate(BIO *bytes) {
    return PEM_read_bio_X509(bytes, NULL, copenssl_no_password, NULL);
}

/* How many authorities a server names to a client. */
static inline int copenssl_count_ca_names(const SSL *ssl) {
    return sk_X509_NAME_num(SSL_get0_peer_CA_list(ssl));
}

static inline int copenssl_is_reason(unsigned long error, int library, int reason) {
    return ERR_GET_LIB(error) == library && ERR_GET_REASON(error) == reason;
}

#endif
