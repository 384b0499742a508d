// The page's texts. `{}` stands for a name or a number.

const TEXTS = {
  room: ["Room {}", "房间 {}"],
  lobby: ["Lobby", "等待中"],
  loading: ["Starting", "即将开始"],
  playing: ["Playing", "进行中"],
  results: ["Results", "结算"],
  watchers: ["{} watching", "{} 人观看"],
  queued: ["The server is full. You are number {} in the queue.", "服务器已满。你在队列中排第 {} 位。"],
  connecting: ["Connecting …", "正在连接……"],
  waiting: ["The match begins when everybody is ready.", "所有人准备好后比赛开始。"],
  alone: ["Send the link to a friend: a match needs two players.", "把链接发给朋友：比赛需要两名玩家。"],
  startsIn: ["The match begins in {} s.", "{} 秒后开始。"],
  watching: ["You are watching.", "你正在观看。"],
  yourName: ["Your name", "你的名字"],
  play: ["Play", "加入游戏"],
  ready: ["Ready", "准备"],
  notReady: ["Not ready", "取消准备"],
  start: ["Start now", "立即开始"],
  copy: ["Copy link", "复制链接"],
  copied: ["The link is in the clipboard.", "链接已复制。"],
  leave: ["Leave", "离开"],
  chat: ["Chat", "聊天"],
  write: ["Write to everybody …", "对所有人说……"],
  send: ["Send", "发送"],
  wins: ["{} wins", "{} 获胜"],
  draw: ["A draw", "平局"],
  you: ["you", "你"],
  host: ["host", "房主"],
  board: ["Leaderboard", "排行榜"],
  field: ["The match", "比赛画面"],
  cameIn: ["{} is here.", "{} 来了。"],
  wentOut: ["{} has left.", "{} 离开了。"],
  tryAgain: ["Try again", "重试"],
  otherRoom: ["Join another room", "加入其他房间"],
  lost: ["The connection is lost, trying again …", "连接已断开，正在重连……"],
  restarting: ["The server restarts soon: no new match starts.", "服务器即将重启：不再开始新比赛。"],
  // States of members.
  isReady: ["ready", "已准备"],
  idle: ["not ready", "未准备"],
  loaded: ["starting", "即将开始"],
  finished: ["finished", "已完成"],
  aborted: ["gave up", "已放弃"],
  away: ["connection lost", "已断线"],
  // Reasons of the page itself.
  offline: ["The server cannot be reached. Check your connection and try again.", "无法连接服务器。请检查网络后重试。"],
  version_differs: ["This page is older than the server. Load it again.", "页面版本与服务器不一致，请刷新页面。"],
};
/** The server's reasons in Chinese, by their codes. Its own sentences are English. */
const CHINESE = {
  no_such_room: "房间 {} 已不存在。",
  room_full: "房间已满，你可以观看。",
  already_playing: "你已在另一个窗口中游戏。",
  spectators_full: "房间的观众席已满。",
  kicked: "房主已将你移出房间。",
  room_closed: "房主已关闭房间。",
  switched_off: "此服务器的管理员暂时关闭了此功能。",
  removed_by_operator: "此服务器的管理员已将你移出。",
  closed_by_operator: "此服务器的管理员已关闭房间。",
  room_deserted: "所有玩家都已离开房间。",
  room_idle: "房间因长时间无活动而关闭。",
  server_stopping: "服务器正在停止，请一分钟后重试。",
  taken_over: "你已在另一个窗口中继续，此窗口已停止。",
  overloaded: "服务器已满，请一分钟后重试。",
};
/** Codes with the same sentence. */
const SAME = {
  sent_away: "kicked",
  room_gone: "no_such_room",
  draining: "server_stopping",
  moved: "server_stopping",
  server_full: "overloaded",
  1001: "server_stopping",
  1006: "offline",
  4003: "version_differs",
  4005: "offline",
  4007: "offline",
};

const column = /^zh/i.test(navigator.language) ? 1 : 0;

/** Language of the texts, as in HTML. */
export const language = ["en", "zh"][column];

const fill = (text, part) => text.replace("{}", () => String(part));

/** A text in the player's language. */
export const say = (key, part = "") => fill(TEXTS[key][column], part);

/** The reason of an end: in the player's language if it is known, else in the server's words. */
export function reason({ code, message }, room) {
  const key = SAME[code] ?? code;
  if (TEXTS[key]) return say(key);
  if (column && CHINESE[key]) return fill(CHINESE[key], room);
  return message && message[0].toUpperCase() + message.slice(1).replace(/([^.!?。])$/, "$1.");
}
