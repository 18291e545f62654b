"""The words of the pages about notices to people."""

from collections.abc import Mapping

TEXTS: Mapping[str, tuple[str, str]] = {
    "told": ("通知", "Notices"),
    "told.help": (
        "每条通知对每位接收人、每个渠道各一行。发送失败的在一天半内重试十二次，仍不成功即列为未送达，保留九十天；已发送的保留三十天。",
        "Each notice has a line for each recipient and channel. One that is not taken is tried twelve times in a day "
        "and a half, then listed as not delivered for ninety days; those sent are kept for thirty.",
    ),
    "told.no_channels": (
        "还没有配置渠道：通知留在发件箱中。由运维人员在安装目录的 channels.yaml 中配置。",
        "No channels are set up: notices stay in the outbox. The operator sets them up in channels.yaml.",
    ),
    "told.state.dead": ("未送达", "Not delivered"),
    "told.state.pending": ("待发送", "To be sent"),
    "told.state.sent": ("已发送", "Sent"),
    "told.undelivered": ("未送达的通知", "Notices not delivered"),
    "told.none": ("没有这样的通知。", "There are none."),
    "told.notice": ("通知", "Notice"),
    "told.recipient": ("接收人", "Recipient"),
    "told.channel": ("渠道", "Channel"),
    "told.no_channel": ("无", "none"),
    "told.urgent": ("紧急", "urgent"),
    "told.why": ("原因", "Why"),
    "told.again": ("再试", "Try again"),
    "told.own": ("通知方式", "How I am told"),
    "told.own.help": (
        "未选择的按公司安排。紧急通知不受时段和汇总限制。",
        "What is left open the house decides. Urgent notices keep to no hours and no digest.",
    ),
    "told.own.channels": ("渠道", "Channels"),
    "told.own.language": ("通知的语言", "Language of notices"),
    "told.own.house": ("按公司安排", "As the house has it"),
    "told.own.hours": ("通知时段", "When"),
    "told.hours.working": ("工作时间", "In working hours"),
    "told.hours.any": ("任何时间", "At any time"),
    "told.hours.own": ("自定时段", "Between these hours"),
    "told.own.from": ("从", "From"),
    "told.own.to": ("到", "To"),
    "told.own.digest": ("每日汇总时间（不填则逐条通知）", "One digest a day, at (empty: one by one)"),
    "told.channels.wrong": ("没有这个渠道。", "There is no such channel."),
    "told.language.wrong": ("没有这种语言。", "There is no such language."),
    "told.digest.wrong": ("请填写时间，如 16:30。", "Expected a time of day, as 16:30."),
    "told.hours.wrong": ("请填写时段，如 08:00 到 20:00。", "Expected hours, as 08:00 to 20:00."),
    "said.told": ("通知方式已保存。", "How you are told is saved."),
    "told.again.selected": ("再试所选", "Try the selected again"),
    "said.told_again": ("将再次发送。", "It will be sent again."),
    "said.told_nothing": ("没有选中未送达的通知。", "Nothing that was given up is selected."),
}
