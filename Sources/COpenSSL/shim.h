#ifndef COPENSSL_SHIM_H
#define COPENSSL_SHIM_H

#include <openssl/err.h>
#include <openssl/pem.h>
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

static inline void copenssl_accept_end_of_stream(SSL_CTX *context) {
    SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
}

static inline int copenssl_set_versions(SSL_CTX *context, int least, int greatest) {
    return SSL_CTX_set_min_proto_version(context, least) &&
           SSL_CTX_set_max_proto_version(context, greatest);
}

static inline void copenssl_cache_in_callback(
    SSL_CTX *context, int (*keep)(SSL *, SSL_SESSION *)) {
    SSL_CTX_set_session_cache_mode(
        context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, keep);
}

static inline int copenssl_add_chain_certificate(SSL_CTX *context, X509 *certificate) {
    return (int)SSL_CTX_add0_chain_cert(context, certificate);
}

static inline int copenssl_set_server_name(SSL *session, const char *name) {
    return (int)SSL_set_tlsext_host_name(session, name);
}

static inline BIO *copenssl_bytes(const void *bytes, int count) {
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

static inline int copenssl_is_reason(unsigned long error, int library, int reason) {
    return ERR_GET_LIB(error) == library && ERR_GET_REASON(error) == reason;
}

#endif
