//! All texts of the window, in English and Chinese, and the types for games' texts. `{}` stands for a name or a number.

mod phrase;

pub use phrase::{Language, Phrase, Words, fill};

macro_rules! texts {
    ($($name:ident: $english:literal, $chinese:literal;)*) => {
        /// A text of the window.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[expect(missing_docs, reason = "the English text says what it is")]
        #[non_exhaustive]
        pub enum T { $($name,)* }

        impl T {
            /// All texts, for games that add a language.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            const fn english(self) -> &'static str {
                match self { $(Self::$name => $english,)* }
            }

            const fn chinese(self) -> &'static str {
                match self { $(Self::$name => $chinese,)* }
            }
        }
    };
}

texts! {
    // Menu.
    Name: "Your name", "你的名字";
    Server: "Server", "服务器";
    RoomCode: "Room code", "房间代码";
    QuickMatch: "Quick match", "快速开始";
    Practice: "Practice with bots", "与机器人练习";
    CreateRoom: "Create room", "创建房间";
    BrowseRooms: "Browse rooms", "浏览房间";
    Join: "Join", "加入";
    Watch: "Watch", "观看";
    Settings: "Settings", "设置";
    Quit: "Quit", "退出";
    Back: "Back", "返回";
    BadName: "A name has 1 to 24 visible characters.", "名字需要 1 到 24 个可见字符。";
    BadCode: "A room code has four or six letters or digits, for example K7QX.", "房间代码由四个或六个字母或数字组成，例如 K7QX。";
    ResumeTitle: "You were in room {}.", "你之前在房间 {}。";
    ResumeWhy: "Your seat and your score may still be there.", "你的座位和分数可能还在。";
    Rejoin: "Rejoin", "重新加入";
    NoThanks: "No, thanks", "不用了";
    // Room browser.
    Rooms: "Rooms", "房间";
    Refresh: "Refresh", "刷新";
    FilterAll: "All", "全部";
    FilterFree: "Free seat", "有空位";
    FilterLobby: "In the lobby", "等待中";
    FilterPlaying: "Playing", "进行中";
    Looking: "Looking for rooms \u{2026}", "正在查找房间……";
    NoRooms: "There is no such room right now.", "目前没有这样的房间。";
    NoRoomsHint: "Quick match opens one, and others will find it.", "快速开始会创建一个房间，其他人可以找到它。";
    RoomOf: "{}'s room", "{} 的房间";
    EmptyRoom: "An empty room", "空房间";
    AnyMap: "maps in turn", "轮换地图";
    Watching: "{} watching", "{} 人观看";
    PhaseLobby: "lobby", "等待中";
    PhaseLoading: "starting", "即将开始";
    PhasePlaying: "playing", "进行中";
    PhaseResults: "results", "结算中";
    // Connecting.
    Connecting: "Connecting", "正在连接";
    AskingServer: "Asking {} for a place \u{2026}", "正在向 {} 请求座位……";
    InQueue: "The server is full. You are number {} in the queue.", "服务器已满。你在队列中排第 {} 位。";
    InQueueSeconds: "The server is full. You are number {} in the queue, less than a minute.", "服务器已满。你在队列中排第 {} 位，预计不到一分钟。";
    InQueueMinute: "The server is full. You are number {} in the queue, about a minute.", "服务器已满。你在队列中排第 {} 位，预计约一分钟。";
    InQueueMinutes: "The server is full. You are number {} in the queue, about {} minutes.", "服务器已满。你在队列中排第 {} 位，预计约 {} 分钟。";
    EnteringRoom: "The server has a place for you: opening the connection \u{2026}", "服务器已为你留位：正在建立连接……";
    Cancel: "Cancel", "取消";
    // Lobby.
    Room: "Room", "房间";
    Copy: "Copy", "复制";
    CopyLink: "Copy link", "复制链接";
    Copied: "{} is in the clipboard.", "{} 已复制。";
    CannotCopy: "The clipboard is not available. Write down: {}", "无法使用剪贴板，请记下：{}";
    ShareCode: "Friends join with the code, or in a browser:", "朋友可用代码加入，或在浏览器中打开：";
    Players: "Players", "玩家";
    FreeSeat: "free seat", "空位";
    Host: "HOST", "房主";
    You: "you", "你";
    StateIdle: "not ready", "未准备";
    StateReady: "ready", "已准备";
    StateAway: "connection lost", "连接中断";
    StateLoading: "loading", "加载中";
    StatePlaying: "playing", "游戏中";
    StateFinished: "done", "已完成";
    StateAborted: "gave up", "已放弃";
    Kick: "Kick", "移出";
    MakeHost: "Make host", "设为房主";
    Map: "Map", "地图";
    Seats: "Seats", "座位";
    Visibility: "Room is", "房间为";
    Public: "public", "公开";
    Private: "private", "私密";
    Network: "Network", "网络";
    NormalNetwork: "normal", "普通";
    DataSaver: "data saver", "省流量";
    Start: "Start now", "立即开始";
    CloseRoom: "Close room", "关闭房间";
    Leave: "Leave", "离开";
    Ready: "Ready", "准备";
    NotReady: "Cancel ready", "取消准备";
    YouWatch: "You watch this room.", "你正在观看此房间。";
    WaitForOthers: "Waiting for somebody to play with.", "正在等待其他玩家。";
    WaitForReady: "The match begins when everybody is ready.", "所有人准备好后比赛开始。";
    StartsIn: "Most players are ready: the match starts in {} s.", "多数玩家已准备：比赛将在 {} 秒后开始。";
    WaitForBots: "The bots are on their way \u{2026}", "机器人正在赶来……";
    Chat: "Chat", "聊天";
    ChatHint: "Write to everybody \u{2026}", "对所有人说……";
    Send: "Send", "发送";
    Joined: "{} is here.", "{} 来了。";
    Gone: "{} is gone.", "{} 离开了。";
    GoneLost: "{} lost the connection.", "{} 断线了。";
    GoneKicked: "{} was removed by the host.", "{} 被房主移出了房间。";
    GoneTurnedAway: "{} was disconnected by the server.", "{} 被服务器断开了。";
    NewHost: "{} is the host now.", "{} 现在是房主。";
    LastMatch: "Last match", "上一场";
    // Reports.
    Report: "Report", "举报";
    ReportTitle: "Report {}", "举报 {}";
    ReportWhy: "What has this player done? The operators of this server see the report and the match.", "这名玩家做了什么？此服务器的管理员会看到举报和比赛。";
    ReportCheats: "Cheats", "作弊";
    ReportInsults: "Insults others", "辱骂他人";
    ReportSpoils: "Spoils the match on purpose", "故意破坏比赛";
    ReportName: "Has an offensive name", "名字冒犯他人";
    ReportThanks: "Thank you. The operators of this server will look at it.", "谢谢。此服务器的管理员会查看。";
    ReportNotSent: "The report was not sent. {}", "举报未能发送。{}";
    ReportGone: "The player is not there any more, or this server takes no reports.", "该玩家已不在，或此服务器不接受举报。";
    ReportLater: "The server takes no more reports from you now. Try again later.", "服务器暂时不再接受你的举报。请稍后再试。";
    // Match.
    Loading: "The match begins: loading \u{2026}", "比赛即将开始：加载中……";
    MatchOnItsWay: "The match is running: receiving its state \u{2026}", "比赛进行中：正在接收状态……";
    Go: "Go!", "开始！";
    Leaderboard: "LEADERBOARD", "排行榜";
    RoomShort: "ROOM {}", "房间 {}";
    Loss: "{} % loss", "丢包 {} %";
    NetRtt: "{} ms round trip", "往返 {} 毫秒";
    NetMargin: "{} ms margin", "余量 {} 毫秒";
    NetLead: "{} ticks lead", "提前 {} 帧";
    NetRollback: "{} ticks undone", "回滚 {} 帧";
    NetCorrections: "{} corrections", "修正 {} 次";
    NetTraffic: "{} KB/s", "{} KB/s";
    Paused: "The match goes on", "比赛仍在进行";
    PausedWhy: "The match does not pause: you do nothing meanwhile.", "比赛不会暂停：你暂时不进行操作。";
    Resume: "Continue", "继续";
    GiveUp: "Give up and watch", "放弃并观看";
    EndMatch: "End the match for all", "为所有人结束比赛";
    AskToEnd: "Ask to end the match", "请求结束比赛";
    VoteAsked: "The host wants to end the match without a result. Agreed: {} of {} needed, {} s left. Escape to answer.", "房主想结束比赛，不计结果。已同意 {} 人，需要 {} 人，剩余 {} 秒。按 Esc 回答。";
    VoteRuns: "Ending the match without a result. Agreed: {} of {} needed, {} s left.", "结束比赛且不计结果。已同意 {} 人，需要 {} 人，剩余 {} 秒。";
    VoteAgree: "Agree to end the match", "同意结束比赛";
    VoteRefuse: "Do not end the match", "不同意结束比赛";
    LeaveRoom: "Leave the room", "离开房间";
    WatchingMatch: "You watch. Escape opens the menu.", "你正在观看。按 Esc 打开菜单。";
    RestartsIn: "This server restarts within {}.", "此服务器将在 {} 内重启。";
    RestartsSoon: "This server restarts soon.", "此服务器即将重启。";
    YourMatchEnds: "Your match ends normally.", "你的比赛会正常结束。";
    NoNewMatch: "No new match begins.", "不会再开始新的比赛。";
    Silent: "No data from the server for {} s \u{2026}", "已有 {} 秒没有收到服务器的消息……";
    Reconnecting: "Reconnecting", "正在重新连接";
    ReconnectingWhy: "The connection is lost. Your seat is kept for", "连接已中断。你的座位将保留";
    SecondsLeft: "{} s", "{} 秒";
    Desync: "Your game differed from the server's ({}) and was corrected.", "你的游戏与服务器不一致（{}），已修正。";
    // Results.
    Points: "Points", "分数";
    YouWin: "You win!", "你赢了！";
    Wins: "{} wins", "{} 获胜";
    MatchOver: "The match is over", "比赛结束";
    Ranking: "Ranking", "排名";
    Curves: "{} over time", "{}变化";
    NoCurves: "No scores were received during the match.", "比赛期间没有看到分数。";
    Rematch: "Rematch", "再来一场";
    WaitingRematch: "Waiting for the others \u{2026}", "正在等待其他人……";
    ToLobby: "To the lobby", "回到房间";
    ToMenu: "Back to the menu", "返回菜单";
    SaveReplay: "Save replay", "保存回放";
    SavingReplay: "Saving \u{2026}", "正在保存……";
    ReplaySaved: "The replay is saved: {}", "回放已保存：{}";
    ReplayNotSaved: "The replay could not be saved. {}", "无法保存回放。{}";
    NoReplay: "The server has no replay of this match.", "服务器没有这场比赛的回放。";
    RankToday: "Rank {} today", "今日第 {} 名";
    BestToday: "Your best today is still {} (rank {})", "你今日的最佳成绩仍是 {}（第 {} 名）";
    PersonalBest: "New personal best!", "新的个人最佳！";
    // Leaderboards.
    Leaderboards: "Leaderboards", "排行榜";
    AllMaps: "all maps", "所有地图";
    AllTime: "All time", "历史";
    ThisWeek: "This week", "本周";
    Today: "Today", "今日";
    LoadingBoard: "Asking the server for the leaderboard \u{2026}", "正在获取排行榜……";
    NoEntries: "There is no result here yet.", "这里还没有成绩。";
    NoEntriesHint: "Play a match to its end: the result is here a moment later.", "完成一场比赛，成绩稍后就会出现在这里。";
    NoBoards: "This server keeps no leaderboards.", "此服务器不保存排行榜。";
    NotOnBoard: "You have no result here yet.", "你在这里还没有成绩。";
    // Matches of a player.
    Matches: "Matches", "比赛记录";
    YourMatches: "Your matches", "你的比赛记录";
    MatchesOf: "Matches of {}", "{} 的比赛记录";
    LoadingMatches: "Asking the server for the matches \u{2026}", "正在获取比赛记录……";
    NoMatches: "There is no stored match yet.", "还没有保存的比赛。";
    Played: "played {}", "{} 场比赛";
    Best: "best {}", "最佳 {}";
    Rating: "rating {} \u{b1} {}", "评分 {} \u{b1} {}";
    RankOf: "rank {} of {}", "第 {} 名，共 {} 人";
    WatchReplay: "Watch replay", "观看回放";
    // Replays.
    Replays: "Replays", "回放";
    LookingForReplays: "Looking for replays \u{2026}", "正在查找回放……";
    NoReplays: "There are no replays yet.", "还没有回放。";
    NoReplaysHint: "Save one after a match, or put one into this folder.", "请在比赛后保存，或将其放入此文件夹。";
    MinutesAgo: "{} min ago", "{} 分钟前";
    HoursAgo: "{} h ago", "{} 小时前";
    DaysAgo: "{} days ago", "{} 天前";
    Play: "Play", "播放";
    Pause: "Pause", "暂停";
    FromStart: "From the start", "从头播放";
    Live: "Live", "实时";
    OpeningReplay: "Reading the replay \u{2026}", "正在读取回放……";
    BadReplay: "This replay cannot be shown", "无法播放此回放";
    ReplayUnreadable: "The file {} cannot be read: {}.", "无法读取文件 {}：{}。";
    ReplayWrong: "The file cannot be used: {}. Get it again, or choose another.", "文件有误：{}。请重新获取或选择其他回放。";
    ReplayOfOthers: "It is from another game or release ({}). Watch it with the release that recorded it.", "它属于其他游戏或版本（{}）。请使用录制它的版本观看。";
    ReplayBroken: "From tick {} on, the match on this computer differs from the recording: the replay ends there.", "从第 {} 帧起，此电脑的结果与录制不符：回放到此为止。";
    // Settings.
    Player: "Player", "玩家";
    Keys: "Keys and mouse", "按键与鼠标";
    Looks: "Looks", "外观";
    PressFor: "Press a key or a mouse button for: {}", "请按下用于“{}”的按键或鼠标按钮";
    PressCancel: "Escape keeps the present key.", "按 Esc 保持不变。";
    Unbound: "\u{2013}", "\u{2013}";
    ResetKeys: "Default keys", "恢复默认按键";
    Colours: "Players' colours", "玩家颜色";
    PaletteVivid: "vivid", "鲜艳";
    PaletteDistinct: "colour-blind friendly", "色盲友好";
    TextSize: "Text size", "文字大小";
    LanguageTitle: "Language", "语言";
    Motion: "The picture in a match", "比赛画面";
    MotionFull: "moves", "跟随";
    MotionReduced: "keeps still", "静止";
    Window: "Screen", "屏幕";
    Windowed: "window", "窗口";
    Fullscreen: "full screen", "全屏";
    NoLetters: "No font on this computer has the letters of {}: install one, for example one of the Noto fonts.", "此电脑上没有可显示{}的字体：请安装，例如 Noto 字体。";
    SettingsBroken: "The settings file could not be read. It was moved to {}, and the default settings are used.", "设置文件无法读取，已移至 {}，现使用默认设置。";
    SettingsIgnored: "These settings were not understood, so their defaults are used: {}.", "以下设置无法识别，现使用默认值：{}。";
    SettingsUnwritable: "The settings cannot be saved: {}.", "设置无法保存：{}。";
    // Problems.
    TryAgain: "Try again", "重试";
    NotReached: "Server not found", "找不到服务器";
    NotReachedWhy: "The server was not reached at {}. Is it running, and is the address right?", "无法连接到 {}。服务器是否在运行？地址是否正确？";
    NotOurs: "Not a Framehouse server", "不是 Framehouse 服务器";
    ForeignAddressWhy: "The server at {} sends players to {}, which is not its own address. Ask for its https:// address.", "{} 上的服务器让玩家连接到 {}，这不是它自己的地址。请索取它的 https:// 地址。";
    NotOursWhy: "The server at {} is not a Framehouse server of this version. Check the address.", "{} 上的不是此版本的 Framehouse 服务器。请检查地址。";
    VersionDiffers: "The versions differ", "版本不同";
    VersionDiffersWhy: "Client and server are of different versions: please update the older one.", "客户端与服务器版本不同：请更新较旧的一方。";
    RoomFull: "The room is full", "房间已满";
    RoomFullWhy: "Every seat of this room is taken. Try again later, watch it, or use quick match.", "此房间没有空位。请稍后再试、观看或使用快速开始。";
    SpectatorsFullWhy: "This room has no more places for spectators. Try again later, or watch another.", "此房间的观众已满。请稍后再试或观看其他房间。";
    NoSuchRoom: "There is no such room", "没有这个房间";
    NoSuchRoomWhy: "No room that you can join has this code. Check the code, ask the host whether a seat is free, or use quick match.", "没有可加入的房间使用此代码。请检查代码、询问房主是否有空位，或使用快速开始。";
    ServerFull: "The server is full", "服务器已满";
    ServerFullWhy: "This server accepts no more players right now. Try again in a minute, or choose another.", "服务器暂时无法容纳更多玩家。请稍后再试或选择其他服务器。";
    ServerBusy: "The server is busy", "服务器繁忙";
    ServerBusyWhy: "The server cannot take more players now. Try again in a moment.", "服务器暂时无法接纳更多玩家。请稍后再试。";
    AddressFull: "Too many from your address", "你的地址连接过多";
    SignIn: "Sign in first", "请先登录";
    TokenMissingWhy: "This server needs a sign-in. Sign in where you got the game, and start it from there.", "此服务器需要登录。请在你获得游戏的地方登录，并从那里启动游戏。";
    TokenExpiredWhy: "Your sign-in has expired. Sign in again.", "你的登录已过期。请重新登录。";
    TokenEarlyWhy: "Your sign-in is not valid yet. Check the date and the time of this computer, or sign in again.", "你的登录尚未生效。请检查这台电脑的日期和时间，或重新登录。";
    TokenForeignWhy: "Your sign-in is for another game or another server. Sign in for this one.", "你的登录属于其他游戏或其他服务器。请为此服务器登录。";
    TokenRefusedWhy: "This server does not accept your sign-in. Sign in again.", "此服务器不接受你的登录。请重新登录。";
    AlreadyPlaying: "You are already playing", "你已经在游戏中";
    AlreadyPlayingWhy: "You are already playing on this server. Go back to that window, or leave the room there.", "你已经在此服务器上游戏。请回到那个窗口，或在那里离开房间。";
    AddressFullWhy: "Your address has as many seats on this server as it may have. Leave one, or try again in a minute.", "你的地址在此服务器上的座位已达上限。请离开一个，或稍后再试。";
    TooManyCodes: "Too many wrong codes", "错误代码过多";
    TooManyCodesWhy: "Too many wrong room codes came from your address. Try again later, or use quick match.", "你的地址尝试了过多错误的房间代码。请稍后再试或使用快速开始。";
    Stopping: "The server is stopping", "服务器正在关闭";
    StoppingWhy: "This server is stopping. Try again in a minute, or choose another.", "服务器正在关闭。请稍后再试或选择其他服务器。";
    Restarting: "The server restarts", "服务器即将重启";
    RestartingWhy: "The server restarts, so this room was closed. Finished matches are saved. Join again in a minute, or choose another server.", "服务器即将重启，此房间已关闭。已完成的比赛均已保存。请稍后重新加入或选择其他服务器。";
    Kicked: "You were removed from the room", "你被移出了房间";
    KickedWhy: "The host removed you from the room. You can join other rooms.", "房主将你移出了房间。你仍可以加入其他房间。";
    RemovedWhy: "An operator of this server removed you from the room.", "此服务器的管理员将你移出了房间。";
    SwitchedOff: "Switched off", "暂未开放";
    SwitchedOffWhy: "The operator of this server has switched this off for now. You can use the rest.", "此服务器的管理员暂时关闭了此功能。其余功能仍可使用。";
    Banned: "You are banned", "你已被封禁";
    BannedWhy: "An operator of this server does not let you in.", "此服务器的管理员禁止你进入。";
    ClosedByOperatorWhy: "An operator of this server closed the room. You can join other rooms.", "此服务器的管理员关闭了房间。你仍可以加入其他房间。";
    RoomClosed: "The room is closed", "房间已关闭";
    RoomClosedWhy: "The host closed the room. You can join other rooms.", "房主关闭了房间。你仍可以加入其他房间。";
    RoomDesertedWhy: "All players have left the room. You can join other rooms.", "所有玩家都已离开房间。你仍可以加入其他房间。";
    RoomIdleWhy: "The room was closed because nothing happened in it for a long time. You can join other rooms.", "房间长时间无人活动，已被关闭。你仍可以加入其他房间。";
    RoomGoneWhy: "The room was closed before you joined. You can join other rooms.", "房间在你进入之前已关闭。你仍可以加入其他房间。";
    RoomFaultedWhy: "An error in the server ended this room. You can join other rooms.", "服务器错误导致此房间关闭。你仍可以加入其他房间。";
    TakenOver: "You are playing somewhere else", "你已在别处登录";
    TakenOverWhy: "Your seat is now used by another window or computer, so this one was disconnected.", "你的座位已从另一个窗口或电脑接管，此处已断开。";
    SentTooMuch: "The server disconnected you", "服务器拒绝了你";
    SentTooMuchWhy: "This client sent more data than the server allows. Please update it, or install it again.", "此客户端发送的内容超出服务器允许的范围：请更新或重新安装。";
    MadeNoSenseWhy: "This client sent data that the server does not understand. Please update it, or install it again.", "此客户端发送的内容服务器无法理解：请更新或重新安装。";
    CalculatesDifferentlyWhy: "Your game repeatedly calculated differently from the server. Please update it, or install it again.", "你的游戏多次与服务器计算不一致：请更新或重新安装。";
    TooSlow: "The connection took too long", "连接耗时过长";
    TooSlowWhy: "The server waited too long for this computer. Try again, or use another network.", "服务器等待此电脑超时。请重试或更换网络。";
    NoSeatWhy: "The server accepted the connection but gave you no seat in time. Try again.", "服务器已接受连接，但未及时分配座位。请重试。";
    NoUdpWhy: "The server answers, but not over UDP. Is its port open in every firewall on the way?", "服务器有响应，但 UDP 不通。通往服务器的端口是否开放？";
    NoSession: "You could not join", "无法加入";
    SessionOver: "The session is over", "会话已结束";
    YouLeftWhy: "You left the room.", "你已离开房间。";
    ConnectionLostWhy: "The server sent nothing for too long: the connection is lost.", "长时间没有收到服务器的消息：连接已中断。";
    ConnectionClosedWhy: "The server closed the connection and gave no reason. Try again.", "服务器关闭了连接，未说明原因。请重试。";
    ConnectionStalledWhy: "Messages no longer get through between you and the server. Connect again.", "消息无法继续传输。请重新连接。";
    GameFailedWhy: "The game failed on this computer. This is a bug: please report it.", "游戏在此电脑上出错。这是程序缺陷，请反馈。";
    SeatGone: "Your seat is gone", "座位已失效";
    SeatGoneWhy: "Your seat is no longer reserved: the time to come back is over, or the server was restarted and the match is gone. You can join again and start from the beginning.", "服务器已不再保留你的座位：保留时间已过，或服务器已重新启动，比赛已结束。你可以重新加入并重新开始。";
    ServerGoneWhy: "The server did not come back in time, and the match is gone. Try again when it is running.", "服务器未能及时恢复，比赛已结束。请在其运行时重试。";
}

impl Language {
    /// English; it has every text.
    pub const ENGLISH: Self = Self::new("english", "English", |text| Some(text.english()));
    /// Simplified Chinese.
    pub const CHINESE: Self =
        Self::new("chinese", "\u{4e2d}\u{6587}", |text| Some(text.chinese())).written_in(*b"Hani", '\u{4e2d}');
    /// The languages of the window.
    pub const ALL: [Self; 2] = [Self::ENGLISH, Self::CHINESE];
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts that are the same in both languages: a sign and a unit.
    const SAME: [T; 2] = [T::NetTraffic, T::Unbound];

    fn is_chinese(letter: char) -> bool {
        ('\u{4e00}'..='\u{9fff}').contains(&letter)
    }

    #[test]
    fn every_text_is_there_in_every_language_with_the_same_gaps() {
        for text in T::ALL {
            let texts = Language::ALL.map(|language| Phrase::from(*text).text(language));
            assert_eq!(texts[0].matches("{}").count(), texts[1].matches("{}").count(), "{text:?}");
            assert!(texts.iter().all(|text| !text.is_empty()), "{text:?}");
        }
    }

    #[test]
    fn every_text_is_chinese_in_chinese_and_not_in_english() {
        for text in T::ALL.iter().filter(|text| !SAME.contains(text)) {
            let [english, chinese] = Language::ALL.map(|language| Phrase::from(*text).text(language));
            assert!(chinese.chars().any(is_chinese), "{text:?}: {chinese}");
            assert!(!english.chars().any(is_chinese), "{text:?}: {english}");
        }
        for text in SAME {
            assert_eq!(text.english(), text.chinese(), "{text:?} is no exception any more");
        }
    }
}
