"""The section `[kafka.security]`: how the brokers are spoken to, and who we are to them.

Nothing is read from files here: `streams.kafka.credentials` reads them for each new connection, so that what has changed holds from then on.
"""

from typing import Any, ClassVar, Literal, Self

from pydantic import Field, SecretStr, model_validator

from converters.core.localized import localized
from streams.settings.secret_settings import SecretSection

Protocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
Mechanism = Literal["", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER", "AWS_MSK_IAM"]

PASSWORD = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
"""Mechanisms with a name and a password."""
KEYS = ("ca", "certificate", "key", "key_password", "password", "token", "client_secret", "token_ca")
"""What may be given as it is, or as the path of a file."""


class SecuritySettings(SecretSection):
    """How to connect to the brokers. Files are read again for each new connection, so changes apply without a restart."""

    used_by: ClassVar[frozenset[str]] = frozenset(
        {"ingress", "convert", "deliver", "media", "gaps", "watch", "canary", "migrate", "console", "command"}
    )

    protocol: Protocol = Field(
        "PLAINTEXT", description="Protocol of the listener behind `kafka.bootstrap`. `SSL` is TLS, `SASL_` adds authentication."
    )
    ca: str = Field(
        "",
        description="Certificates (PEM) of the authorities that may sign the brokers' certificates; no other is trusted then. Empty: those of the "
        "system.",
    )
    ca_file: str = Field("", description="Path of a file that holds `ca`.")
    certificate: str = Field("", description="Client certificate (PEM) with its intermediates, where the brokers ask for one.")
    certificate_file: str = Field("", description="Path of a file that holds `certificate`.")
    key: SecretStr = Field(SecretStr(""), description="Its private key (PEM).")
    key_file: str = Field("", description="Path of a file that holds `key`.")
    key_password: SecretStr = Field(SecretStr(""), description="Password of the private key, if it is encrypted.")
    key_password_file: str = Field("", description="Path of a file that holds `key_password`.")
    check_hostname: bool = Field(True, description="Require that the broker's certificate names the host. false only for a test.")
    mechanism: Mechanism = Field(
        "",
        description="With `SASL_…`: the mechanism of authentication. `AWS_MSK_IAM` needs the extra `msk` (`pip install 'im-relay[msk]'`).",
    )
    username: str = Field("", description="`PLAIN`, `SCRAM-…`: user name; some clouds call it API key.")
    password: SecretStr = Field(SecretStr(""), description="`PLAIN`, `SCRAM-…`: password.")
    password_file: str = Field("", description="Path of a file that holds `password`.")
    token: SecretStr = Field(SecretStr(""), description="`OAUTHBEARER`: a token, for a test.")
    token_file: str = Field("", description="Path of a file that holds `token`, renewed by another program.")
    token_url: str = Field(
        "",
        pattern=r"^(https?://[^\s@]+)?$",
        description="`OAUTHBEARER`: address that issues tokens for `client_id` and `client_secret` (client credentials).",
    )
    token_ca: str = Field("", description="As `ca`, for `token_url`.")
    token_ca_file: str = Field("", description="Path of a file that holds `token_ca`.")
    client_id: str = Field("", description="`OAUTHBEARER` with `token_url`: client id.")
    client_secret: SecretStr = Field(SecretStr(""), description="`OAUTHBEARER` with `token_url`: client secret.")
    client_secret_file: str = Field("", description="Path of a file that holds `client_secret`.")
    scope: str = Field("", description="`OAUTHBEARER` with `token_url`: scope of the token.")
    token_parameters: dict[str, str] = Field(
        default_factory=dict,
        description="`OAUTHBEARER` with `token_url`: further parameters of the request, such as `audience`; no secrets.",
    )
    extensions: dict[str, str] = Field(
        default_factory=dict, description="`OAUTHBEARER`: SASL extensions sent with the token, such as `logicalCluster`."
    )
    region: str = Field("", description="`AWS_MSK_IAM`: region of the cluster. Credentials are looked up as AWS's own tools do.")

    @model_validator(mode="before")
    @classmethod
    def _read(cls, given: Any) -> Any:
        """In place of the section's own: files are read when they are used."""
        return given

    @property
    def tls(self) -> bool:
        return self.protocol in ("SSL", "SASL_SSL")

    @property
    def sasl(self) -> bool:
        return self.protocol.startswith("SASL_")

    def given(self, key: str) -> bool:
        """Whether *key*, one of KEYS, is set, in one of its two ways."""
        return bool(self.inline(key) or getattr(self, f"{key}_file"))

    def inline(self, key: str) -> str:
        value = getattr(self, key)
        return value.get_secret_value() if isinstance(value, SecretStr) else str(value)

    def named(self, key: str) -> str:
        """The setting that gives *key*, as a person would look for it."""
        return f"kafka.security.{key}" if self.inline(key) else f"kafka.security.{key}_file"

    @model_validator(mode="after")
    def _check(self) -> Self:
        for key in KEYS:
            if self.inline(key) and getattr(self, f"{key}_file"):
                raise ValueError(localized("{key} and {key}_file are both given: leave one out", key=key))
        self._check_tls()
        if self.sasl:
            self._check_sasl()
        elif self.mechanism or self.username or any(map(self.given, ("password", "token", "client_secret"))):
            raise ValueError(
                localized(
                    'protocol is "{protocol}", which proves no name, and there is {who}: write protocol = "SASL_SSL" (or "SASL_PLAINTEXT"), or leave it out',
                    protocol=self.protocol,
                    who=self._who(),
                )
            )
        return self

    def _who(self) -> str:
        given = [name for name in ("mechanism", "username") if getattr(self, name)]
        given += [
            f"{key}_file" if getattr(self, f"{key}_file") else key for key in ("password", "token", "client_secret") if self.given(key)
        ]
        return given[0]

    def _check_tls(self) -> None:
        for one, other in (("certificate", "key"), ("key", "certificate")):
            if self.given(one) and not self.given(other):
                raise ValueError(localized("{one} is given, and {other} is not: give {other}_file, too", one=one, other=other))
        if self.given("key_password") and not self.given("key"):
            raise ValueError(localized("key_password is given, and key is not: give key_file and certificate_file"))
        if not self.tls:
            for key in ("ca", "certificate"):
                if self.given(key):
                    wanted = "SASL_SSL" if self.sasl else "SSL"
                    raise ValueError(
                        localized(
                            'protocol is "{protocol}", without TLS, and there is {key}: write protocol = "{wanted}", or leave {key} out',
                            protocol=self.protocol,
                            key=key,
                            wanted=wanted,
                        )
                    )

    def _check_sasl(self) -> None:
        match self.mechanism:
            case "":
                raise ValueError(
                    localized(
                        'protocol is "{protocol}" and mechanism is missing: one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER, AWS_MSK_IAM',
                        protocol=self.protocol,
                    )
                )
            case "PLAIN" | "SCRAM-SHA-256" | "SCRAM-SHA-512":
                if not self.username:
                    raise ValueError(localized("username is missing: mechanism is {mechanism}", mechanism=self.mechanism))
                if not self.given("password"):
                    raise ValueError(
                        localized("password is missing: mechanism is {mechanism}; give password_file", mechanism=self.mechanism)
                    )
            case "OAUTHBEARER":
                self._check_oauth()
            case "AWS_MSK_IAM":
                if not self.tls:
                    raise ValueError(
                        localized(
                            'mechanism is AWS_MSK_IAM and protocol is "{protocol}": write protocol = "SASL_SSL"', protocol=self.protocol
                        )
                    )
                if not self.region:
                    raise ValueError(localized("region is missing: mechanism is AWS_MSK_IAM; as eu-west-1"))

    def _check_oauth(self) -> None:
        if bool(self.token_url) == self.given("token"):
            seen = (
                localized("both token_url and token are given")
                if self.token_url
                else localized("neither token_url nor token_file is given")
            )
            raise ValueError(localized("{seen}: mechanism OAUTHBEARER takes one of them", seen=seen))
        if self.token_url and not (self.client_id and self.given("client_secret")):
            raise ValueError(localized("token_url is given: client_id and client_secret_file are needed, too"))
