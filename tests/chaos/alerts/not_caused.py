"""Alerts that no fault of this command causes: their series come from `promtool test rules` alone."""

NOT_CAUSED = {
    "ImRelaySloBurnsSlowly": "its windows are half an hour and six hours: it would take the one to fire, and more to be over",
    "ImRelayCallbacksStopped": "it compares with the same hour of a week or a day ago",
    "ImRelayIngressDefect": "a defect of ours must be met: those that we know are mended",
    "ImRelayMediaForbiddenCall": "a file must break into its reader: none is known that does",
    "ImRelayBrokersThrottle": "a quota of the brokers for one role slows all of them here, since they come by one name",
    "ImRelayTransactionsFail": "more than one transaction in five seconds must fail for ten minutes: brokers that do so stop the stages first",
    "ImRelayRestoreStuck": "a ledger must be read back for more than ten minutes: here it takes seconds",
    "ImRelayStoreSlow": "brokers must take more than a second for each record for five minutes and still answer",
    "ImRelayKafkaPartitionsOffline": "it needs several brokers, and there is one",
    "ImRelayKafkaUnderReplicated": "it needs several brokers, and there is one",
}
"""By alert, why."""
