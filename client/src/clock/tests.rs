mod model_room;
mod networks;
mod room_time;
mod trace;

use super::*;
use trace::Trace;
