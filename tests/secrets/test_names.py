"""Which names say that their value is a secret."""

from __future__ import annotations

import pytest

from pytest_storedog_gate.secrets.names import names_secret

SECRET = """
    Authorization Proxy-Authorization Cookie Set-Cookie X-Session-Id X-Signature X-Passphrase
    X-Auth X-Auth-Token X-Api-Key DD-API-KEY DD-APPLICATION-KEY X-Amz-Security-Token
    X-Amz-Signature X-Amz-Credential X-CSRF-Token X-Vault-Token X-Hub-Signature-256 Private-Token
    Ocp-Apim-Subscription-Key x-functions-key api_key apikey access_token id_token refreshToken
    authToken client_secret clientSecret PASSWORD DB_PASS pw PHPSESSID JSESSIONID sessionToken
    session_id secretKey accessKey csrfmiddlewaretoken GITHUB_TOKEN AWS_SECRET_ACCESS_KEY
    private_key sig passphrase otp secret X-Mashape-Key creds dbpass code_verifier client_assertion
    SAMLResponse recovery_code PASSWORD_PROD TOKEN_GITHUB password2 newPassword passwordConfirm
    api_keys access_tokens X-Auth-Token-Id reset_password x-vercel-protection-bypass id_token_hint
    Cf-Access-Jwt-Assertion totp_code smsCode access_code auth_code private_key_pem secret_b64
    sdk_key unseal_key X-Authorisation cred passkey
    keypass storepass userPwd mysql_pwd smtppass gh_pat conn_str ConnectionString cvv mnemonic
    X-Insert-Key X-Query-Key x-amz-server-side-encryption-customer-key x-goog-encryption-key
    X-JFrog-Art-Api X-Honeycomb-Team X-Wsse API-Sign CB-ACCESS-SIGN KC-API-PASSPHRASE X-Auth-Key
    CF-Access-Client-Secret x-ms-authorization-auxiliary device_code activationCode one_time_code
    privkey encKey wpa_key apikeys seed_phrase API_TOKENS pre_shared_key
    PassWord passPhrase PassCode bindpw APIkey SSHkey Fastly-Key Jenkins-Crumb secret_key_base
    backup_codes two_factor_code AccountKey SharedAccessSignature aiohttp_session connect.sid _csrf
    XSRF-TOKEN hub.verify_token X-Ops-Authorization-1 X-Shopify-Hmac-Sha256 X-Trino-Extra-Credential
    oauth_verifier appSecret pass1 AWSAccessKeyId
    passwort Passwort benutzerpasswort KENNWORT_PROD api_schl\u00fcssel mot_de_passe MOT_DE_PASSE
    motdepasse mdp contrase\u00f1a contrasena nuevaContrase\u00f1a clave clave_secreta clave_api
    senha wachtwoord l\u00f6senord has\u0142o \u015fifre parola
    \u043f\u0430\u0440\u043e\u043b\u044c \u5bc6\u7801 \u7528\u6237\u5bc6\u7801
    \u30d1\u30b9\u30ef\u30fc\u30c9 \ube44\ubc00\ubc88\ud638
""".split()  # noqa: SIM905
NONE = """
    region domain audience scope username resource clientId algorithm workstation serviceName
    Accept Content-Type Host User-Agent ETag WWW-Authenticate X-Request-Id X-Cache-Key
    Idempotency-Key Access-Control-Allow-Origin primary_key public_key key keys value keyboard
    tokenizer tokens max_tokens token_type accessTokenUrl tokenApiAuthentication tokenPrefix
    expires_in page_token nextPageToken author authority authentication_method cookie_policy
    monkey latency compass passage passed passenger bypass signal design assign SHOP URL secretary
    pinned spin spinner sessions oauth_version sessionStart X-Cookie-Consent X-Auth-Provider
    Pin-Code token_address password_reset auth_provider otp_channel secret_santa signature_line
    session_timeout_minutes pin_color TOKEN_URL PASSWORD_FILE code status_code country_code
    token_type_hint bypass_cache code_challenge routing_key partition_key assertion
    cancellation_token CancellationToken eos_token pad_token concurrency_token X-Atlassian-Token
    account_sid MessageSid method_signature emailSignature boarding_pass render_pass underpass
    Pass-Through token_count stop_token MONKey localhost_key error_codes confirmation_code ssid
    Access-Control-Max-Age Signature-Input session_duration design_tokens crumb first_pass
    palabra_clave query_key customer_key insert_id Sec-WebSocket-Key Surrogate-Key time_code
    sign design_key connection str team api credentialless passport password_hint
    AUTH_SERVICE_HOST COOKIE_DOMAIN JWT_ISSUER SESSION_DRIVER PASSWORD_FIELD_SELECTOR AUTH_PORT
""".split()  # noqa: SIM905


@pytest.mark.parametrize("name", SECRET)
def test_the_name_of_a_secret(name: str) -> None:
    assert names_secret(name)


@pytest.mark.parametrize("name", NONE)
def test_the_name_of_something_else(name: str) -> None:
    assert not names_secret(name)
